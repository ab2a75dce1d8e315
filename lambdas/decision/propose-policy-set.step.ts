import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { creation } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { conflict, invalidRequest, Problem } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { type Caller, partiesOf, whoCalls } from '../verification/caller.ts';
import { ownerOf } from '../verification/principal.ts';
import { referenceTo } from '../verification/session.ts';
import type { CompiledPolicies, PolicySources } from './compiled-policies.ts';
import type { DeployedPolicies } from './deployed-policies.ts';
import { requirePolicyAdministrator } from './policy-administrator.ts';
import type { PolicyCompiler } from './policy-compiler.port.ts';
import {
  ACTIVE,
  differenceBetween,
  type PolicySet,
  policyPointerType,
  policySetType,
  setInForce,
} from './policy-set.ts';
import { type PackedContent, packed, partId, policyPartType } from './policy-set-content.ts';
import type { PolicySetProposal } from './policy-sets.routes.ts';
import { runPolicyTests } from './policy-tests.ts';
import { digestInForce, inOrder, storedPolicies, storedSources } from './stored-policies.ts';

export interface PolicySetDependencies {
  readonly deployment: Pick<Deployment, 'roles'>;
  readonly deployed: DeployedPolicies;
  readonly compiler: PolicyCompiler;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** What one transaction may put beside the rest (4 MB, 100 items: DynamoDB quotas), in characters. */
const MOST_STORED_CHARACTERS = 3_000_000;
const MOST_ERRORS = 100;

/**
 * Records a policy set that somebody wants in force. It is stored whole or not at all, and only where all of its policies
 * are valid and all of its tests hold. It changes nothing of what is decided.
 * @throws Problem 403 or 401 for who may not, 400 with each mistake by file and line, 409 where nothing would change
 */
export function proposePolicySet({
  deployment,
  deployed,
  compiler,
  ledger,
  clock,
  ids,
}: PolicySetDependencies & { readonly ids: Ids }) {
  return async (
    caller: Caller,
    { files, justification }: PolicySetProposal,
  ): Promise<{ set: PolicySet; active: string }> => {
    requirePolicyAdministrator(deployment, caller);
    const { compiled, tests } = checked(files);
    const sources = packed(inOrder(files));
    const loaded = packed(compiled);
    requireStorable(sources, loaded);
    const id = ids.next();
    return rereadOnConflict(async () => {
      const pointer = await ledger.read(policyPointerType, ACTIVE);
      const active = setInForce(pointer);
      const { contents } = pointer?.entity ?? {};
      const before =
        contents === undefined
          ? deployed
          : {
              sources: await storedSources(ledger, contents),
              compiled: await storedPolicies(ledger, contents, compiler),
            };
      const basedOnDigest = digestInForce(pointer?.entity, deployed);
      if (basedOnDigest === sources.reference.digest)
        throw conflict('policies-unchanged', `These are the files of the set in force, ${active}.`);
      const parties = partiesOf(caller);
      const set: PolicySet = {
        id,
        txn: caller.txn,
        status: 'proposed',
        contents: { sources: sources.reference, compiled: loaded.reference },
        policies: compiled.policies.length,
        tests,
        justification,
        basedOn: active,
        basedOnDigest,
        changes: {
          policies: differenceBetween(textsOf(before.compiled), textsOf(compiled)),
          files: differenceBetween(before.sources, files),
        },
        proposedBy: referenceTo(caller.principal),
        actors: caller.actors.map(referenceTo),
        excluded: [...new Set(parties.flatMap((party) => [party.id, ownerOf(party)]))],
        proposedAtEpochSeconds: epochSeconds(clock),
      };
      await ledger.commit({
        chain: id,
        opens: true,
        event: caseEvent(clock, caller.txn, 'policy-set.proposed', whoCalls(caller), {
          policy_set: id,
          digest: sources.reference.digest,
          based_on: active,
          justification,
          policies: set.policies,
          tests,
          changes: set.changes,
        }),
        changes: [
          creation(policySetType, set),
          ...(await missingParts(sources)),
          ...(await missingParts(loaded)),
        ],
      });
      return { set, active };
    });
  };

  function checked(files: PolicySources): { compiled: CompiledPolicies; tests: number } {
    const compilation = compiler.compile(files);
    if ('problems' in compilation) throw refusal('The policies are not valid', compilation.problems);
    const engine = compiler.engineFor(compilation.compiled);
    try {
      const { cases, problems } = runPolicyTests(files, engine);
      if (problems.length > 0) throw refusal('The policies do not pass their tests', problems);
      return { compiled: compilation.compiled, tests: cases };
    } finally {
      engine.release();
    }
  }

  /** What was stored before under the same digest is the same. */
  async function missingParts({ reference, parts }: PackedContent) {
    const first = await ledger.read(policyPartType, partId(reference.digest, 0));
    return first === undefined ? parts.map((part) => creation(policyPartType, part)) : [];
  }
}

/** What each policy says, wherever it stands. */
function textsOf({ policies }: CompiledPolicies): Record<string, string> {
  return Object.fromEntries(policies.map(({ id, text }) => [id, text]));
}

function requireStorable(...contents: readonly PackedContent[]): void {
  const characters = contents
    .flatMap(({ parts }) => parts)
    .reduce((sum, { base64 }) => sum + base64.length, 0);
  if (characters > MOST_STORED_CHARACTERS)
    throw new Problem(
      413,
      'policies-too-large',
      'The policies are too large',
      'They are more than one transaction holds even when they are compressed. Leave out what no policy needs.',
    );
}

/** Each mistake names its place first: `policies/<file>:<line>: <message>`. */
function refusal(what: string, problems: readonly string[]): Problem {
  const errors = problems.slice(0, MOST_ERRORS).map((problem) => {
    const [, path = 'policies', message = problem] = /^(\S+:\d+): (.*)$/s.exec(problem) ?? [];
    return { path, message };
  });
  return invalidRequest(
    `${what}, and nothing was stored. Mistakes: ${problems.length}, the first of them ${problems[0]}`,
    errors,
  );
}
