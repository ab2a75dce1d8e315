import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);

/** What the cloud assembly is made of; the deployment document comes to it. */
const SOURCES = ['cdk', 'lambdas', 'policies', 'workflows', 'cdk.json', 'package-lock.json'];

/** One directory an assembly, named by the hash of what it was made of. */
const ASSEMBLIES = join(root, '.cache', 'assemblies');

/** A runtime that is running may still load code of an older one. */
const ASSEMBLIES_KEPT = 3;

/** The deployment document, as it lies beside a function's code. */
const DEPLOYMENT = 'deployment.json';

export interface AssemblyOptions {
  /** Path of the deployment document; the demo's if not said. */
  readonly deployment?: string;
  /** Called when the app has to be synthesised, before it is. */
  readonly onStale?: () => void;
}

/**
 * Synthesises the CDK app unless that was done for the same sources. Returns the assembly's directory, which
 * nobody changes any more. Throws with what the app has complained of.
 */
export async function ensureAssembly(options: AssemblyOptions = {}): Promise<string> {
  const { deployment = join(root, 'demo', DEPLOYMENT), onStale = () => {} } = options;
  const sources = SOURCES.map((source) => join(root, source));
  const directory = join(ASSEMBLIES, hashOf([...sources, deployment]));
  if (existsSync(directory)) return directory;
  onStale();
  // Whole or not there: several processes may be at it.
  const unfinished = `${directory}.${process.pid}`;
  await runApp({ CDK_OUTDIR: unfinished, SALLYPORT_DEPLOYMENT: deployment });
  try {
    renameSync(unfinished, directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true });
    if (!existsSync(directory)) throw error;
  }
  prune();
  return directory;
}

function prune(): void {
  const assemblies = readdirSync(ASSEMBLIES)
    .map((name) => join(ASSEMBLIES, name))
    .map((path) => ({ path, madeAt: statSync(path).mtimeMs }))
    .sort((a, b) => b.madeAt - a.madeAt);
  for (const { path } of assemblies.slice(ASSEMBLIES_KEPT)) rmSync(path, { recursive: true, force: true });
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
  return hash.digest('hex').slice(0, 16);
}

function filesUnder(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}
