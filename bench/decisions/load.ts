import { readCompiledPolicies } from '../../lambdas/decision/compiled-policies.file.ts';
import { questionsAbout, rulesOf } from './rules.ts';
import { sallyport } from './sallyport.ts';

/** What it takes to load the policies in a folder, in a process that did nothing before. */
export interface LoadFigures {
  /** From the file on the disk to the first answer. */
  readonly milliseconds: number;
  /** By so much the process has grown by then. */
  readonly megabytes: number;
  /** And once it has answered all the questions. */
  readonly megabytesAfterQuestions: number;
}

const [, , directory = '', count = '0', questions = '1'] = process.argv;
const [first, ...others] = questionsAbout(rulesOf(Number(count)), Number(questions));
if (first === undefined) throw new Error('There is nothing to ask');
const before = process.memoryUsage.rss();
const startedAt = performance.now();
const { decides } = sallyport(readCompiledPolicies(directory));
decides.answer(first);
const milliseconds = performance.now() - startedAt;
const megabytes = megabytesSince(before);
for (const question of others) decides.answer(question);
const figures: LoadFigures = { milliseconds, megabytes, megabytesAfterQuestions: megabytesSince(before) };
process.send?.(figures);
process.disconnect();

function megabytesSince(bytes: number): number {
  return (process.memoryUsage.rss() - bytes) / 2 ** 20;
}
