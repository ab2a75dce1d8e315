import fc from 'fast-check';
import type { Channel } from '../../lambdas/platform/channel.ts';

/** Actions that the deployed schema declares. */
const actions = ['tickets:read', 'tickets:comment', 'orders:read', 'orders:write'] as const;
type Action = (typeof actions)[number];

/** One rule, which every decision point writes in its own language. */
export interface Rule {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  /** Left out: whoever asks. */
  readonly group?: string;
  readonly action: Action;
  /** Left out: whatever it is asked of. */
  readonly target?: string;
  /** It holds from this level of assurance on. */
  readonly leastAal?: 1 | 2;
  /** It holds in this channel only. */
  readonly channel?: Channel;
}

export interface Question {
  readonly principal: string;
  readonly groups: readonly string[];
  readonly action: Action;
  readonly target: string;
  readonly aal: 0 | 1 | 2;
  readonly channel: Channel;
}

/** Two that hold for everybody and everything, as a deployment has a few. */
const baseline: readonly Rule[] = [
  { id: 'no-writing-by-voice', effect: 'forbid', action: 'orders:write', channel: 'voice' },
  { id: 'no-comments-by-voice', effect: 'forbid', action: 'tickets:comment', channel: 'voice' },
];

/** Each target has as many rules of its own: for two groups what they may do, and for a third what it must not. */
const RULES_A_TARGET = 8;

/** So many rules. With their number grow the targets and the groups, not what one target or one group is named in. */
export function rulesOf(count: number): Rule[] {
  const groups = groupsOf(count);
  const specific = Array.from({ length: count - baseline.length }, (_, index): Rule => {
    const [target, place] = [Math.floor(index / RULES_A_TARGET), index % RULES_A_TARGET];
    const isForbidden = place === RULES_A_TARGET - 1;
    const group = (target * 3 + (isForbidden ? 2 : Math.floor(place / actions.length))) % groups;
    const leastAal = ([undefined, 1, 2] as const)[place % 3];
    return {
      id: `rule-${index}`,
      effect: isForbidden ? 'forbid' : 'permit',
      group: `group-${group}`,
      action: actions[place % actions.length] ?? actions[0],
      target: `target-${target}`,
      ...(isForbidden || leastAal === undefined ? {} : { leastAal }),
    };
  });
  return [...baseline, ...specific];
}

function groupsOf(rules: number): number {
  return Math.max(4, Math.ceil(rules / 25));
}

/**
 * So many questions, always the same. Half are of somebody whom a rule names, about what it names; the others are
 * of anybody about anything.
 */
export function questionsAbout(rules: readonly Rule[], count: number): Question[] {
  const groups = groupsOf(rules.length);
  const specific = rules.filter(({ group }) => group !== undefined);
  const asked = fc
    .record({
      named: fc.constantFrom(...specific),
      other: fc.constantFrom(...specific),
      isNamed: fc.boolean(),
      member: fc.nat(groups - 1),
      action: fc.constantFrom(...actions),
      aal: fc.constantFrom(0, 1, 2, 2),
      channel: fc.constantFrom<Channel>('web', 'web', 'desktop', 'voice'),
    })
    .map(({ named, other, isNamed, member, action, aal, channel }): Question => {
      const number = isNamed ? Number(named.group?.slice('group-'.length)) : member;
      return {
        principal: `principal-${number}`,
        groups: membershipsOf(number, groups),
        action: isNamed ? named.action : action,
        target: (isNamed ? named : other).target ?? '',
        aal: aal as Question['aal'],
        channel,
      };
    });
  return fc.sample(asked, { numRuns: count, seed: 20260105 });
}

/** Principal number n is in group number n, and in two others. */
function membershipsOf(number: number, groups: number): string[] {
  const numbers = [number, number * 7 + 1, number * 13 + 2].map((member) => member % groups);
  return [...new Set(numbers)].map((member) => `group-${member}`);
}
