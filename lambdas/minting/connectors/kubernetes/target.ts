import * as z from 'zod';
import { permissionsMeaning, targetBase } from '../../../platform/target.ts';

/** RFC 1123 label, as Kubernetes names its objects. */
const Label = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

/** A service account of a cluster's namespace, whose tokens grants get. */
export const KubernetesTarget = z.strictObject({
  ...targetBase,
  connector: z.literal('kubernetes'),
  /** The API server. */
  apiServer: z.url(),
  certificateAuthority: z.string().optional(),
  namespace: Label,
  serviceAccount: Label,
  /** Who the token is for; the API server itself, where none is said. */
  audience: z.string().optional(),
  /** The Role of the namespace that stands for the permission; none where the service account has it already. */
  permissions: permissionsMeaning(z.strictObject({ role: Label.optional() })),
});
