import { expect } from 'vitest';
import { secretReader } from '../../demo/managed-secrets.ts';
import type { EmbeddedWorld } from '../../demo/world.ts';

const MINUTE = 60_000;
/** A rotation that fails has tried for less than this. */
const LONGEST_ROTATION_MINUTES = 240;

type Value = Readonly<Record<string, string>>;

/** The managed secrets of a world, as their administrator and their consumers see them. */
export function managedSecretsOf(world: EmbeddedWorld) {
  const reader = secretReader(world.runtime);
  // Sessions do not last as long as tests leap.
  const administrator = () => world.as('platform-engineer');

  // biome-ignore lint/suspicious/noExplicitAny: tests look into the documents
  async function rotation(id: string): Promise<any> {
    return (await (await administrator()).get(`/v1/rotations/${id}`)).body.rotation;
  }

  /** Lets time pass until it is over. */
  async function followed(id: string) {
    await world.runtime.settled();
    for (let minutes = 0; minutes < LONGEST_ROTATION_MINUTES; minutes += 5) {
      const now = await rotation(id);
      if (now.status !== 'running') return now;
      await world.leap(5 * MINUTE);
    }
    throw new Error(`Rotation ${id} has not ended`);
  }

  /** Starts one, or joins the one that runs. */
  async function start(secret: string): Promise<string> {
    const { status, body } = await (await administrator()).post(`/v1/secrets/${secret}/rotations`);
    expect(status).toBe(202);
    return body.rotation.id;
  }

  return {
    rotation,
    followed,
    start,
    read: reader.read,
    close: reader.close,
    rotate: async (secret: string) => followed(await start(secret)),

    /** Puts it under management, if it is not. */
    async manage(connection: string): Promise<void> {
      const { status, body } = await (await administrator()).post('/v1/secrets', {
        connection,
        owner: 'owner',
        rotate_every: 'P30D',
      });
      if (status === 409) return;
      expect(status).toBe(202);
      expect(await followed(body.rotation.id)).toMatchObject({ status: 'succeeded' });
    },

    /** Whether it does what it is for. */
    works: (secret: string, value: Value) => works(world, secret, value),
  };
}

async function works(world: EmbeddedWorld, secret: string, value: Value): Promise<boolean> {
  const { vendor, postgres } = world.backends;
  switch (secret) {
    case 'parcels-api-key': {
      const headers = { authorization: `Bearer ${value['api_key']}` };
      return (await fetch(`${vendor.url}/parcels`, { headers })).ok;
    }
    case 'parcels-client': {
      const authorization = `Basic ${btoa(`${value['client_id']}:${value['client_secret']}`)}`;
      const body = new URLSearchParams({ grant_type: 'client_credentials' });
      return (await fetch(`${vendor.url}/token`, { method: 'POST', headers: { authorization }, body })).ok;
    }
    case 'receipts-key': {
      const answer = await fetch(`${world.runtime.apiUrl}/v1/secrets/receipts-key/jwks.json`);
      const { keys } = (await answer.json()) as { keys: { kid: string }[] };
      return keys.some(({ kid }) => kid === value['kid']);
    }
    default: {
      const { username = '', password = '' } = value;
      if (postgres === undefined) throw new Error(`Nobody can tell here whether ${secret} works`);
      return postgres
        .as({ username, password }, (client) => client.query('SELECT 1'))
        .then(
          () => true,
          () => false,
        );
    }
  }
}
