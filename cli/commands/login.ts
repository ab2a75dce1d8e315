import { type Command, Option } from 'commander';
import type { TokenAnswer } from '../../lambdas/verification/oauth.routes.ts';
import { createClientKey } from '../client-key.ts';
import { CommandFailure, usageError } from '../command-failure.ts';
import type { Outcome } from '../exit-codes.ts';
import type { Act, Invocation } from '../invocation.ts';
import { forgetSession, keepSession } from '../kept-session.ts';
import { facts } from '../printable.ts';
import { readSecret } from '../secret-input.ts';

/** The token types of the exchange (docs/token-exchange.md), as they are typed. */
const tokenTypes = {
  'id-token': 'urn:ietf:params:oauth:token-type:id_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  'aws-caller': 'urn:sallyport:params:oauth:token-type:aws-caller',
  handoff: 'urn:sallyport:params:oauth:token-type:handoff',
} as const;
type TokenType = keyof typeof tokenTypes;

interface LoginOptions {
  readonly subjectToken?: string;
  readonly subjectTokenType: TokenType;
  readonly actorToken?: string;
  readonly actorTokenType: TokenType;
  readonly handoff?: string;
  readonly bindKey?: boolean;
  readonly print?: boolean;
}

/** What the access token says, for its own holder: nothing rests on it here, so nothing is verified. */
interface ToldClaims {
  readonly sub?: string;
  readonly act?: { readonly sub?: string };
  readonly sid?: string;
  readonly acr?: string;
  readonly channel?: string;
}

export function addLogin(program: Command, act: Act): void {
  program
    .command('login')
    .description('exchange a token of your identity provider or platform for a session')
    .option('--subject-token <source>', 'your token: a file, - for standard input, or env:NAME')
    .addOption(
      new Option('--subject-token-type <type>', 'what it is')
        .choices(Object.keys(tokenTypes))
        .default('id-token'),
    )
    .option('--actor-token <source>', 'the token of who acts for you, from a file, - or env:NAME')
    .addOption(
      new Option('--actor-token-type <type>', 'what that one is')
        .choices(['id-token', 'jwt', 'aws-caller'])
        .default('jwt'),
    )
    .option('--handoff <source>', 'take a session over with its handoff, from a file, - or env:NAME')
    .option('--bind-key', 'bind the session to a key that is kept beside it (DPoP)')
    .option('--print', 'print the access token and keep nothing')
    .action(act<LoginOptions>(login));
  program.command('logout').description('end the session, and forget it here').action(act<object>(logout));
}

async function login(invocation: Invocation, _: unknown, options: LoginOptions): Promise<Outcome> {
  if (options.bindKey && options.print)
    throw usageError('--bind-key keeps the key beside the session, so it does not go with --print.');
  const form = await exchangeForm(invocation, options);
  const key = options.bindKey ? await createClientKey() : undefined;
  const api = invocation.openApi(key);
  const answer = await api.post<TokenAnswer>('/oauth2/token', { form }).catch((error: unknown) => {
    // The refusal of a token is its holder's to answer, not a mistake in what was typed.
    if (!(error instanceof CommandFailure) || error.outcome !== 'usage') throw error;
    throw new CommandFailure('notAuthenticated', error.message, { document: error.document });
  });
  if (options.print) {
    invocation.output.result(answer, [answer.access_token]);
    return 'done';
  }
  const expiresAtEpochSeconds = Math.floor(Date.now() / 1000) + answer.expires_in;
  keepSession(invocation.sessionFile, {
    api: invocation.apiUrl,
    token: answer.access_token,
    expiresAtEpochSeconds,
    ...(key === undefined ? {} : { privateJwk: key.privateJwk }),
  });
  const told = claimsOf(answer.access_token);
  const document = {
    api: invocation.apiUrl,
    principal: told.sub,
    actor: told.act?.sub,
    session: told.sid,
    channel: told.channel,
    acr: told.acr,
    expires_at: new Date(expiresAtEpochSeconds * 1000).toISOString(),
    bound_to_key: key !== undefined,
  };
  invocation.output.result(document, [
    `Logged in to ${document.api}.`,
    ...facts({
      as: [document.principal, document.actor].filter(Boolean).join(', through '),
      session: document.session,
      channel: document.channel,
      proves: document.acr,
      until: document.expires_at,
    }),
  ]);
  return 'done';
}

async function exchangeForm(invocation: Invocation, options: LoginOptions): Promise<Record<string, string>> {
  const { surroundings } = invocation;
  const sources = [options.subjectToken, options.actorToken, options.handoff];
  if (options.subjectToken === undefined)
    throw usageError('Say where your token is: --subject-token <file, - or env:NAME>.');
  if (sources.filter((source) => source === '-').length > 1)
    throw usageError('Standard input holds one token: give the other in a file or as env:NAME.');
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await readSecret('--subject-token', options.subjectToken, surroundings),
    subject_token_type: tokenTypes[options.subjectTokenType],
    ...(options.actorToken === undefined
      ? {}
      : {
          actor_token: await readSecret('--actor-token', options.actorToken, surroundings),
          actor_token_type: tokenTypes[options.actorTokenType],
        }),
    ...(options.handoff === undefined
      ? {}
      : { handoff: await readSecret('--handoff', options.handoff, surroundings) }),
  };
}

/** Forgets the session here whatever happens, and says so where it could not be ended there. */
async function logout(invocation: Invocation): Promise<Outcome> {
  const session = invocation.keptSession();
  const { token, api } = session;
  forgetSession(invocation.sessionFile);
  try {
    await invocation.apiAs(session).post('/oauth2/revoke', { form: { token }, repeatable: true });
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const reason =
      error.outcome === 'notAuthenticated' ? 'its token had expired before' : `it said: ${error.message}`;
    throw new CommandFailure(
      error.outcome,
      `Forgotten here, but not ended at ${api}: ${reason} The session ends there by itself.`,
      { document: error.document },
    );
  }
  invocation.output.result({ logged_out: true, api }, [`Logged out of ${api}: the session has ended.`]);
  return 'done';
}

function claimsOf(token: string): ToldClaims {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as ToldClaims;
  } catch {
    return {};
  }
}
