import { parseArgs } from 'node:util';
import { connectIdentityProvider } from './identity-provider-client.ts';
import { sallyportToken } from './persona-token.ts';
import { isPersonaId, type PersonaId, personaIds, personas } from './personas.ts';

const usage = `usage: npm run token -- <persona> [--channel web|desktop|machine] [--for <person>] [--port 8080] [--idp-port 8085]
personas: ${personaIds.join(', ')}`;

interface TokenCommand {
  readonly persona: PersonaId;
  readonly person: PersonaId | undefined;
  readonly channel: 'web' | 'desktop' | undefined;
  readonly apiUrl: string;
  readonly identityProviderUrl: string;
}

class UsageError extends Error {}

/** @throws UsageError for anything but one token of one persona; a plain Error for a persona unknown. */
function readCommand(): TokenCommand {
  const { values, positionals } = parseCommandLine();
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0) throw new UsageError('Name one persona.');
  const persona = personaNamed(name);
  const person = values.for === undefined ? undefined : personaNamed(values.for);
  if (person !== undefined && personas[person].kind !== 'user') {
    throw new UsageError(`${person} is not a person to act for.`);
  }
  return {
    persona,
    person,
    channel: channelOf(persona, person, values.channel),
    apiUrl: loopbackUrl(values.port),
    identityProviderUrl: loopbackUrl(values['idp-port']),
  };
}

function parseCommandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        channel: { type: 'string' },
        for: { type: 'string' },
        port: { type: 'string', default: '8080' },
        'idp-port': { type: 'string', default: '8085' },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : 'Unreadable arguments.', { cause });
  }
}

function personaNamed(name: string): PersonaId {
  if (isPersonaId(name)) return name;
  throw new Error(`There is no persona ${name}. Personas: ${personaIds.join(', ')}.`);
}

/** A person is on the web or at a desktop, also while a machine acts for them; a machine has one channel. */
function channelOf(persona: PersonaId, person = persona, channel?: string): 'web' | 'desktop' | undefined {
  if (channel === undefined) return undefined;
  if (channel === 'machine' && personas[persona].kind !== 'user') return undefined;
  if ((channel === 'web' || channel === 'desktop') && personas[person].kind === 'user') return channel;
  throw new UsageError(`${persona} does not come through the channel ${channel}.`);
}

function loopbackUrl(port: string): string {
  if (!/^\d{1,5}$/.test(port)) throw new UsageError(`${port} is not a port.`);
  return `http://127.0.0.1:${port}`;
}

/** `fetch` says no more than that it failed; what to do about it is to start the runtime. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\n${usage}`;
  if (error instanceof TypeError) return 'Sallyport is not running: start it with npm start.';
  return error instanceof Error ? error.message : String(error);
}

try {
  const { persona, person, channel, apiUrl, identityProviderUrl } = readCommand();
  const token = await sallyportToken(apiUrl, connectIdentityProvider(identityProviderUrl), persona, {
    ...(channel && { channel }),
    ...(person && { for: person }),
  });
  process.stdout.write(`${token}\n`);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
