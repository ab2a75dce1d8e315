import * as z from 'zod';
import type { KubernetesTrust } from '../../platform/trusted-issuer.ts';
import { PostureClaim, type TokenKind } from './token-kind.ts';

const KubernetesClaims = z.object({
  sub: z.string(),
  iat: z.number(),
  'kubernetes.io': z.object({
    namespace: PostureClaim,
    serviceaccount: z.object({ name: PostureClaim }),
  }),
});

/**
 * A bound service account token, which the kubelet renews in its file
 * (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens).
 * The older ones from Secrets have neither audience nor end, and are refused for that.
 */
export function kubernetesToken({ singleUse }: KubernetesTrust): TokenKind {
  return {
    of: 'machine',
    types: [undefined, 'JWT'],
    isUsedOnce: singleUse,
    read(claims) {
      const read = KubernetesClaims.safeParse(claims);
      if (!read.success) return undefined;
      const { sub, iat, 'kubernetes.io': bound } = read.data;
      const { namespace, serviceaccount } = bound;
      // The rules of the deployment go by `sub`: what else names the account must name the same.
      if (sub !== `system:serviceaccount:${namespace}:${serviceaccount.name}`) return undefined;
      return {
        amr: [],
        provenAtEpochSeconds: iat,
        posture: { namespace, service_account: serviceaccount.name },
      };
    },
  };
}
