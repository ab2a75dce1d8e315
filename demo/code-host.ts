import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import * as z from 'zod';
import published from './installation-token-request.json' with { type: 'json' };
import { serveUnreliably, type UnreliableServer } from './unreliable-server.ts';

/** A small GitHub, with one owner's repositories and one installation of Sallyport's App. */
export interface CodeHost extends UnreliableServer {
  /** The App's private key, PEM. */
  readonly privateKey: string;
  /** How many tokens there are that it would accept. */
  liveTokens(): number;
}

/** What an installation, or a token of it, can do, and where. */
export interface Reach {
  readonly repositories: readonly string[];
  readonly permissions: Readonly<Record<string, string>>;
}

export interface CodeHostOptions {
  /** 8094 if not said; 0 takes any free one. */
  readonly port?: number;
  /** What it gives to who asks for this; just that if not said. */
  readonly gives?: (asked: Reach) => Reach;
}

interface Token extends Reach {
  readonly expiresAtMilliseconds: number;
}

const OWNER = 'acme';
const APP_ID = '4711';
const INSTALLATION_ID = '1001';

const installation: Reach = {
  repositories: ['shop', 'website', 'infrastructure'],
  permissions: { contents: 'write', deployments: 'write', issues: 'write', metadata: 'read' },
};

const LEVELS = ['read', 'write', 'admin'];
const HOUR_MILLISECONDS = 3_600_000;
const LONGEST_APP_TOKEN_SECONDS = 600;

const AsPublished = z.fromJSONSchema(published.schema as Parameters<typeof z.fromJSONSchema>[0]);
const publishedPermissions = Object.keys(published.schema.properties.permissions.properties);

/** Refuses a request with the message that GitHub has for it. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface Answer {
  readonly status: number;
  readonly body?: object;
}

/** Starts a code host whose tokens are narrowed, and live for an hour; what is sent must fit GitHub's schema. */
export async function startCodeHost({
  port = 8094,
  gives = (asked) => asked,
}: CodeHostOptions = {}): Promise<CodeHost> {
  const app = await generateKeyPair('RS256', { extractable: true });
  const tokens = new Map<string, Token>();
  const files = new Map<string, string>(
    installation.repositories.map((repository) => [`${repository}/README.md`, `# ${repository}`]),
  );

  const server = await serveUnreliably(port, (request, response) => {
    answer(request).then(
      ({ status, body }) => send(response, status, body),
      (error) => {
        const refusal = error instanceof Refusal ? error : new Refusal(500, 'Server Error');
        send(response, refusal.status, {
          message: refusal.message,
          documentation_url: 'https://docs.github.com/rest',
        });
      },
    );
  });
  return {
    ...server,
    privateKey: await exportPKCS8(app.privateKey),
    liveTokens: () => [...tokens.values()].filter(isLive).length,
  };

  async function answer(request: IncomingMessage): Promise<Answer> {
    const sent = await text(request);
    if (request.headers['user-agent'] === undefined)
      throw new Refusal(403, 'Request forbidden by administrative rules');
    const [, bearer = ''] = /^(?:Bearer|token) (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const path = `${request.method} ${pathname}`;
    if (path === `POST /app/installations/${INSTALLATION_ID}/access_tokens`) return issue(bearer, sent);
    const token = tokens.get(bearer);
    if (token === undefined || !isLive(token)) throw new Refusal(401, 'Bad credentials');
    if (path === 'DELETE /installation/token') {
      tokens.delete(bearer);
      return { status: 204 };
    }
    if (path === 'GET /installation/repositories') {
      const repositories = token.repositories.map(repositoryDocument);
      return { status: 200, body: { total_count: repositories.length, repositories } };
    }
    return use(token, path, sent);
  }

  async function issue(bearer: string, sent: string): Promise<Answer> {
    await requireApp(bearer);
    const asked = readRequest(sent);
    const isMore = (name: string, level: string) =>
      LEVELS.indexOf(level) > LEVELS.indexOf(installation.permissions[name] ?? '');
    if (asked.repositories.some((name) => !installation.repositories.includes(name)))
      throw new Refusal(
        422,
        'There is at least one repository that does not exist or is not accessible to the parent installation.',
      );
    if (Object.entries(asked.permissions).some(([name, level]) => isMore(name, level)))
      throw new Refusal(422, 'The permissions requested are not granted to this installation.');
    const given = gives(asked);
    const reach = { ...given, permissions: { metadata: 'read', ...given.permissions } };
    const token = `ghs_${randomBytes(27).toString('base64url')}`;
    const expiresAtMilliseconds = Date.now() + HOUR_MILLISECONDS;
    tokens.set(token, { ...reach, expiresAtMilliseconds });
    return {
      status: 201,
      body: {
        token,
        expires_at: new Date(expiresAtMilliseconds).toISOString(),
        permissions: reach.permissions,
        repository_selection: 'selected',
        repositories: reach.repositories.map(repositoryDocument),
      },
    };
  }

  /** GitHub Docs, "Generating a JSON Web Token (JWT) for a GitHub App". */
  async function requireApp(bearer: string): Promise<void> {
    const { payload } = await jwtVerify(bearer, app.publicKey, {
      issuer: APP_ID,
      algorithms: ['RS256'],
    }).catch(() => {
      throw new Refusal(401, 'A JSON web token could not be decoded');
    });
    const { iat = 0, exp = 0 } = payload;
    const now = Date.now() / 1000;
    if (iat > now)
      throw new Refusal(
        401,
        "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
      );
    if (exp > now + LONGEST_APP_TOKEN_SECONDS)
      throw new Refusal(401, "'Expiration time' claim ('exp') is too far in the future");
  }

  function use(token: Token, path: string, sent: string): Answer {
    const { method, repository, rest } =
      /^(?<method>[A-Z]+) \/repos\/acme\/(?<repository>[^/]+)\/(?<rest>.+)$/.exec(path)?.groups ?? {};
    if (repository === undefined || !token.repositories.includes(repository))
      throw new Refusal(404, 'Not Found');
    const may = (permission: string, level: string) => {
      if (LEVELS.indexOf(token.permissions[permission] ?? '') < LEVELS.indexOf(level))
        throw new Refusal(403, 'Resource not accessible by integration');
    };
    const file = /^contents\/(.+)$/.exec(rest ?? '')?.[1];
    if (file !== undefined && method === 'GET') {
      may('contents', 'read');
      const content = files.get(`${repository}/${file}`);
      if (content === undefined) throw new Refusal(404, 'Not Found');
      return { status: 200, body: { type: 'file', path: file, content: btoa(content) } };
    }
    if (file !== undefined && method === 'PUT') {
      may('contents', 'write');
      files.set(`${repository}/${file}`, atob(JSON.parse(sent).content));
      return { status: 200, body: { content: { path: file } } };
    }
    if (rest === 'deployments' && method === 'POST') {
      may('deployments', 'write');
      return { status: 201, body: { id: 1, environment: JSON.parse(sent).environment } };
    }
    throw new Refusal(404, 'Not Found');
  }
}

function isLive({ expiresAtMilliseconds }: Token): boolean {
  return Date.now() < expiresAtMilliseconds;
}

function readRequest(sent: string): Reach {
  const { success, data } = AsPublished.safeParse(parse(sent));
  const asked = data as { repositories?: string[]; permissions?: Record<string, string> };
  if (!success) throw new Refusal(422, 'Invalid request.');
  const { repositories = installation.repositories, permissions = installation.permissions } = asked;
  // What is not published is not a permission; GitHub's schema leaves it open.
  if (Object.keys(permissions).some((name) => !publishedPermissions.includes(name)))
    throw new Refusal(422, 'Invalid request. For permissions, an unknown name is not permitted.');
  return { repositories, permissions };
}

function repositoryDocument(name: string): object {
  return { name, full_name: `${OWNER}/${name}`, private: true, owner: { login: OWNER } };
}

function parse(sent: string): unknown {
  try {
    return JSON.parse(sent);
  } catch {
    throw new Refusal(400, 'Problems parsing JSON');
  }
}

function send(response: ServerResponse, status: number, body: object | undefined): void {
  response.writeHead(status, body === undefined ? {} : { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
