import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** More than any run has open at once; the oldest go first, so that a long run does not grow. */
const MOST_ENTRIES = 10_000;

/**
 * What an OpenID provider remembers between requests, kept in memory for as long as it runs. It does not
 * look at expiry times: the provider checks those of what it reads.
 */
export function createProviderStore(): AdapterFactory {
  const entries = new Map<string, AdapterPayload>();

  return (model): Adapter => {
    const key = (id: string) => `${model}:${id}`;
    const findBy = async (matches: (payload: AdapterPayload) => boolean) => {
      for (const [name, payload] of entries) if (name.startsWith(key('')) && matches(payload)) return payload;
      return undefined;
    };

    return {
      upsert: async (id, payload) => {
        entries.set(key(id), payload);
        const oldest = entries.keys().next();
        if (entries.size > MOST_ENTRIES && !oldest.done) entries.delete(oldest.value);
      },
      find: async (id) => entries.get(key(id)),
      findByUid: (uid) => findBy((payload) => payload.uid === uid),
      findByUserCode: (userCode) => findBy((payload) => payload.userCode === userCode),
      consume: async (id) => {
        const payload = entries.get(key(id));
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => {
        entries.delete(key(id));
      },
      revokeByGrantId: async (grantId) => {
        for (const [name, payload] of entries) if (payload.grantId === grantId) entries.delete(name);
      },
    };
  };
}
