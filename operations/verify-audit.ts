import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { ApiClient } from '../demo/api-client.ts';
import { connectIdentityProvider } from '../demo/identity-provider-client.ts';
import { sallyportToken } from '../demo/persona-token.ts';
import { verifyChain } from '../lambdas/audit/chain.ts';
import { AuditEvent } from '../lambdas/audit/event.ts';

const USAGE = `usage: npm run audit:verify -- <chain> [--file events.json]
  [--url http://127.0.0.1:8080] [--idp-port 8085]

Reads the events of a chain, from a file or from the API with SALLYPORT_TOKEN (without one, as the demo's
security responder), and checks them with nothing else at hand.`;

const { values, positionals } = (() => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        file: { type: 'string' },
        url: { type: 'string', default: 'http://127.0.0.1:8080' },
        'idp-port': { type: 'string', default: '8085' },
      },
    });
  } catch (error) {
    return usageError((error as Error).message);
  }
})();
const [chain, ...rest] = positionals;
if (chain === undefined || rest.length > 0) usageError('Name one chain: the id of a request or a session.');

try {
  const events = values.file === undefined ? await fetchEvents(chain) : readEvents(values.file);
  const verdict = verifyChain(chain, events);
  if (verdict.verified) {
    console.log(
      `${chain}: ${verdict.events} events, every one in its place. Last hash ${events.at(-1)?.hash}`,
    );
  } else {
    const event = events[verdict.sequence - 1];
    console.error(
      `${chain}: event ${verdict.sequence} (${event?.type ?? 'missing'}) does not fit: ${verdict.reason}`,
    );
    process.exitCode = 1;
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function fetchEvents(name: string): Promise<AuditEvent[]> {
  const api = new ApiClient(values.url, process.env['SALLYPORT_TOKEN'] ?? (await responderToken()));
  const events: AuditEvent[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await api.get(`/v1/audit/${encodeURIComponent(name)}${query}`);
    if (status !== 200) throw new Error(`Sallyport answered ${status}: ${body?.detail ?? 'no reason given'}`);
    events.push(...z.array(AuditEvent).parse(body.events));
    cursor = body.cursor;
  } while (cursor !== undefined);
  return events;
}

function responderToken(): Promise<string> {
  const identityProvider = connectIdentityProvider(`http://127.0.0.1:${values['idp-port']}`);
  return sallyportToken(values.url, identityProvider, 'responder');
}

/** A list of events, or what the API answered with. */
function readEvents(file: string): AuditEvent[] {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return z
    .array(AuditEvent)
    .parse(Array.isArray(content) ? content : (content as { events?: unknown }).events);
}

function usageError(message: string): never {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(2);
}
