import * as z from 'zod';

/** ARN or id of a KMS key. */
const KeyId = z.string().min(1);

/** Names of what a function may be told through its environment. None of it is a secret. */
export const TableEnvironment = z.object({ TABLE_NAME: z.string().min(1) });
export const IssuerEnvironment = z.object({
  /** The base URL of the HTTP API: the `iss` of every token, without a slash at its end. */
  ISSUER: z.url(),
});
export const SessionSigningEnvironment = z.object({ SESSION_SIGNING_KEY_ID: KeyId });
export const GrantSigningEnvironment = z.object({ GRANT_SIGNING_KEY_ID: KeyId });
export const SignalSigningEnvironment = z.object({ SIGNAL_SIGNING_KEY_ID: KeyId });
export const TaskTokenEnvironment = z.object({ TASK_TOKEN_KEY_ID: KeyId });
export const TotpSeedEnvironment = z.object({ TOTP_SEED_KEY_ID: KeyId });
/** The key that what is put into Secrets Manager is encrypted with. */
export const DataKeyEnvironment = z.object({ DATA_KEY_ID: KeyId });
/** What the ARN of each of the account's secrets begins with, up to its name. */
export const SecretsEnvironment = z.object({ SECRETS_ARN: z.string().endsWith(':secret:') });
/** Patterns of the ARNs of the roles that fill the vault, and of those that try and destroy what is in it. */
export const VaultEnvironment = z.object({
  VAULT_WRITERS: z.string().min(1),
  VAULT_READERS: z.string().min(1),
});
export const WorkflowEnvironment = z.object({ REQUEST_ACCESS_STATE_MACHINE_ARN: z.string().min(1) });
export const ContainmentEnvironment = z.object({ CONTAIN_INCIDENT_STATE_MACHINE_ARN: z.string().min(1) });
export const RotationWorkflowEnvironment = z.object({ ROTATE_SECRET_STATE_MACHINE_ARN: z.string().min(1) });
export const DerivationEnvironment = z.object({ DERIVATION_SECRET_ID: z.string().min(1) });

/**
 * Reads a function's environment at its cold start, so that a misconfigured function fails there and not in
 * the middle of a request.
 * @throws Error that names the variables that are missing or malformed, never their values.
 */
export function parseEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  variables: NodeJS.ProcessEnv,
): z.infer<Schema> {
  const parsed = schema.safeParse(variables);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map((issue) => issue.path.join('.'));
  throw new Error(`Missing or malformed environment variables: ${[...new Set(names)].join(', ')}`);
}
