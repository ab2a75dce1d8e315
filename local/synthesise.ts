import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);

/** What the cloud assembly is made of; the deployment document comes to it. */
const SOURCES = ['cdk', 'lambdas', 'policies', 'workflows', 'cdk.json', 'package-lock.json'];

/** Beside the template, so that deleting the assembly deletes it too. */
const STAMP = '.made-from';

/** The deployment document, as it lies beside a function's code. */
const DEPLOYMENT = 'deployment.json';

export interface AssemblyOptions {
  /** `cdk.out` if not said. */
  readonly directory?: string;
  /** Path of the deployment document; the demo's if not said. */
  readonly deployment?: string;
  /** Called when the assembly has to be made anew, before it is. */
  readonly onStale?: () => void;
}

/**
 * Synthesises the CDK app unless its assembly is there and was made from the same sources. Returns the
 * assembly's directory. Throws with what the app has complained of. Not for two processes at once: tests call
 * it once, before any of them starts.
 */
export async function ensureAssembly(options: AssemblyOptions = {}): Promise<string> {
  const {
    directory = join(root, 'cdk.out'),
    deployment = join(root, 'demo', DEPLOYMENT),
    onStale = () => {},
  } = options;
  const stamp = join(directory, STAMP);
  const sources = hashOf([...SOURCES.map((source) => join(root, source)), deployment]);
  if (readIfThere(stamp) === sources) return directory;
  onStale();
  rmSync(directory, { recursive: true, force: true });
  await runApp({ CDK_OUTDIR: directory, SALLYPORT_DEPLOYMENT: deployment });
  writeFileSync(stamp, sources);
  return directory;
}

/**
 * Writes an assembly into `directory` that is this one with another deployment document in its functions: what
 * synthesising with that document gives, in a few milliseconds. The code is linked, not copied.
 */
export function withDeployment(assembly: string, deployment: object, directory: string): void {
  for (const entry of readdirSync(assembly, { withFileTypes: true })) {
    if (entry.isFile()) symlinkSync(join(assembly, entry.name), join(directory, entry.name));
    if (!entry.isDirectory() || !entry.name.startsWith('asset.')) continue;
    const bundle = join(directory, entry.name);
    mkdirSync(bundle);
    for (const file of readdirSync(join(assembly, entry.name)))
      if (file === DEPLOYMENT) writeFileSync(join(bundle, file), JSON.stringify(deployment));
      else symlinkSync(join(assembly, entry.name, file), join(bundle, file));
  }
}

/** In a process of its own: aws-cdk-lib would take more memory than all that the runtime runs. */
async function runApp(environment: Record<string, string>): Promise<void> {
  const app = spawn(process.execPath, [join(root, 'cdk', 'app.ts')], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [app.stdout, app.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    app.once('error', reject);
    app.once('close', resolve);
  });
  if (exitCode !== 0) throw new Error(`The CDK app could not be synthesised:\n${said.trim()}`);
}

/** One hash over the names and the bytes of all files under the paths. */
function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesUnder)) hash.update(path).update('\0').update(readFileSync(path));
  return hash.digest('hex');
}

function filesUnder(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
