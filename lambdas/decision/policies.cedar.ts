import type { Clock } from '../platform/clock.port.ts';
import type { Stored } from '../platform/entity.ts';
import { DependencyUnavailable } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { Metrics } from '../platform/metrics.port.ts';
import type { CompiledPolicies } from './compiled-policies.ts';
import type { Policies, PolicySetEngine } from './policies.port.ts';
import { cedarPolicyCompiler } from './policy-compiler.cedar.ts';
import { ACTIVE, type Contents, type PolicyPointer, policyPointerType, setInForce } from './policy-set.ts';
import { storedPolicies } from './stored-policies.ts';

/** Half of the time in which a switch is in force everywhere; the other half is for loading the set. */
const LOOK_EVERY_MILLISECONDS = 5_000;
/** A set that was in force this long ago may have been rolled back since. */
const BELIEVED_MILLISECONDS = 10_000;

interface Dependencies {
  /** What the function carries: in force until people switch to another set. */
  readonly deployed: CompiledPolicies;
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly metrics: Pick<Metrics, 'unloadablePolicySet'>;
  readonly clock: Clock;
}

/**
 * The policies in force. Which those are is looked up again every five seconds, when somebody asks: one read. Another set
 * is loaded beside the one before, which goes on to answer those who hold it until the next switch. A set that cannot be
 * loaded is not passed over: whoever asks is refused, and an alarm tells of it, for the set before it may have been
 * replaced for what it permits.
 */
export function cedarPolicies({ deployed, ledger, metrics, clock }: Dependencies): Policies {
  let inForce: PolicySetEngine | undefined;
  let replaced: PolicySetEngine | undefined;
  let confirmedAt = Number.NEGATIVE_INFINITY;
  let unloadable: { readonly set: string; readonly foundAt: number } | undefined;
  let looking: Promise<PolicySetEngine> | undefined;

  return {
    async current() {
      if (inForce !== undefined && isWithin(LOOK_EVERY_MILLISECONDS, confirmedAt)) return inForce;
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
  };

  async function look(): Promise<PolicySetEngine> {
    // What is read is what was in force then, or later.
    const askedAt = clock.nowEpochMilliseconds();
    const known = inForce;
    let pointer: Stored<PolicyPointer> | undefined;
    try {
      pointer = await ledger.read(policyPointerType, ACTIVE);
    } catch (error) {
      if (known !== undefined && isWithin(BELIEVED_MILLISECONDS, confirmedAt)) return known;
      throw error;
    }
    const set = setInForce(pointer);
    const current = known?.policySet === set ? known : await load(set, pointer?.entity.contents);
    if (current !== known) {
      replaced?.release();
      replaced = known;
      inForce = current;
    }
    confirmedAt = askedAt;
    return current;
  }

  async function load(policySet: string, contents: Contents | undefined): Promise<PolicySetEngine> {
    if (unloadable?.set === policySet && isWithin(LOOK_EVERY_MILLISECONDS, unloadable.foundAt))
      throw new DependencyUnavailable('The policy set in force could not be loaded');
    try {
      const compiled =
        contents === undefined ? deployed : await storedPolicies(ledger, contents, cedarPolicyCompiler);
      return { ...cedarPolicyCompiler.engineFor(compiled), policySet };
    } catch (cause) {
      if (cause instanceof DependencyUnavailable) throw cause;
      unloadable = { set: policySet, foundAt: clock.nowEpochMilliseconds() };
      metrics.unloadablePolicySet();
      throw new DependencyUnavailable('The policy set in force cannot be loaded', { cause });
    }
  }

  /** Also false where the clock was set back. */
  function isWithin(milliseconds: number, sinceEpochMilliseconds: number): boolean {
    const elapsed = clock.nowEpochMilliseconds() - sinceEpochMilliseconds;
    return elapsed >= 0 && elapsed < milliseconds;
  }
}
