import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readCompiledPolicies } from '../../lambdas/decision/compiled-policies.file.ts';
import type { Question } from './rules.ts';
import { sallyport } from './sallyport.ts';

/** Answers by the policies in a folder over HTTP, and does nothing else. Ends with the process that started it. */
const [, , directory = ''] = process.argv;
const { answers } = sallyport(readCompiledPolicies(directory));
/** Others may be measured for longer than a server usually waits for the next request. */
const keepAliveTimeout = 300_000;
const server = createServer({ keepAliveTimeout }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const question = JSON.parse(Buffer.concat(chunks).toString()) as Question;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ decision: answers.answer(question) }));
  });
});
process.once('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
