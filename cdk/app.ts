import { synthesize } from './synthesize.ts';

try {
  await synthesize({
    outdir: process.env['CDK_OUTDIR'] ?? 'cdk.out',
    deployment: process.env['SALLYPORT_DEPLOYMENT'],
  });
} catch (error) {
  // What is wrong is in the sources or the document that the message names, not at a line of this program.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
