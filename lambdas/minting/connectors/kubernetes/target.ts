import * as z from 'zod';
import { ApiUrl, permissionsMeaning, targetBase } from '../../../platform/target.ts';

/** RFC 1123 label, as Kubernetes names its namespaces. */
const Label = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

/** A namespace of a cluster: a grant becomes a service account of its own, bound to Roles of this namespace. */
export const KubernetesTarget = z
  .strictObject({
    ...targetBase,
    connector: z.literal('kubernetes'),
    /** The API server. */
    apiServer: ApiUrl,
    /** Certificates of the API server's authority, PEM; the authorities that Node knows if not said. */
    certificateAuthority: z.string().optional(),
    /** Where the Roles are. */
    namespace: Label,
    /** Where the service accounts of grants are made. Nothing else lives there: Sallyport could be any of it. */
    grantsNamespace: Label,
    /** Who the token is for; the API server itself, where none is said. */
    audience: z.string().min(1).optional(),
    /** The Role of the namespace that stands for the permission. */
    permissions: permissionsMeaning(z.strictObject({ role: Label })),
  })
  .refine(({ namespace, grantsNamespace }) => namespace !== grantsNamespace, {
    message: 'must be a namespace of its own',
    path: ['grantsNamespace'],
  });
