import { address, type Permission, type RoleUsage } from '../../local/iam/role.ts';

interface Entry extends Permission {
  readonly role: string;
  /** Why it is granted and not seen in use, if the CDK app says so. */
  readonly reason: string | undefined;
}

export interface RoleReport {
  readonly lines: readonly string[];
  /** Nothing is granted for nothing, and no action by a wildcard. */
  readonly isClean: boolean;
}

/** What the roles of several runs have granted and used together. */
export function reportOf(usages: readonly RoleUsage[]): RoleReport {
  const roles = Map.groupBy(usages, ({ constructPath }) => roleName(constructPath));
  const [used = [], unused = []] = [true, false].map((wanted) =>
    [...roles].flatMap(([role, runs]) => {
      const everUsed = new Set(runs.flatMap((run) => run.used.map(address)));
      const { granted = [], unexercised = {} } = runs[0] ?? {};
      return granted
        .filter((permission) => everUsed.has(address(permission)) === wanted)
        .map((permission): Entry => ({ role, ...permission, reason: reasonIn(unexercised, permission) }));
    }),
  );
  const unexplained = unused.filter(({ reason }) => reason === undefined);
  const explained = unused.filter(({ reason }) => reason !== undefined);
  const byWildcard = used.filter(({ action, resource }) => `${action}${resource}`.includes('*'));
  const wildcardActions = [...used, ...unused].filter(({ action }) => action.includes('*'));
  return {
    isClean: unexplained.length === 0 && wildcardActions.length === 0,
    lines: [
      `Granted and used by nothing, without a reason: ${unexplained.length}`,
      ...grouped(unexplained, permissionText),
      `Granted and used by nothing here, for the reason that the CDK app gives: ${explained.length}`,
      ...grouped(explained, (entry) => `${permissionText(entry)}, because: ${entry.reason}`),
      `Used and granted by a wildcard: ${byWildcard.length}`,
      ...grouped(byWildcard, permissionText),
      `Actions granted by a wildcard: ${wildcardActions.length}`,
      ...grouped(wildcardActions, permissionText),
    ],
  };
}

function reasonIn(
  unexercised: RoleUsage['unexercised'],
  { action, leadingKeys }: Permission,
): string | undefined {
  return unexercised[`${action} ${leadingKeys}`] ?? unexercised[action];
}

/** One line for all roles of which the same is to be said. */
function grouped(entries: readonly Entry[], text: (entry: Entry) => string): string[] {
  return [...Map.groupBy(entries, text)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([said, those]) => [`  ${said}`, `    ${those.map(({ role }) => role).join(', ')}`]);
}

function permissionText({ role, action, resource, leadingKeys = '' }: Entry): string {
  const name = resource
    .replace(/^(arn:[^:]*:[^:]*):[^:]*:[^:]*:/, '$1:::')
    // CloudFormation ends the names that it makes with a hash.
    .replaceAll(/[0-9A-F]{8}(?=:|$)/g, '')
    .replace(role, '<role>');
  return `${action} on ${name} ${leadingKeys}`.trim();
}

/** `SallyportControlPlane/ClaimCredential/Role/Resource` is ClaimCredential's. */
function roleName(constructPath: string): string {
  return constructPath.split('/').slice(1, -2).join('/');
}
