import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Demo, startDemo } from '../../../demo/start-demo.ts';
import { startStandInSallyport } from './stand-in-sallyport.ts';

let sallyport: Awaited<ReturnType<typeof startStandInSallyport>>;
let demo: Demo;

beforeAll(async () => {
  sallyport = await startStandInSallyport();
  demo = await startDemo({
    apiUrl: sallyport.url,
    identityProviderPort: 0,
    ticketingPort: 0,
    paymentsPort: 0,
    accountsPort: 0,
  });
});
afterAll(() => Promise.all([sallyport.stop(), demo.stop()]));

it('lets the ticketing API introspect with a session of its own', async () => {
  const headers = { authorization: `Bearer ${await sallyport.mint()}` };
  expect((await fetch(`${demo.ticketingUrl}/projects/OPS/tickets`, { headers })).status).toBe(200);
  expect(sallyport.exchangedSubjects).toEqual(['ticketing-api']);
});

it('stops what it started', async () => {
  const another = await startDemo({
    apiUrl: sallyport.url,
    identityProviderPort: 0,
    ticketingPort: 0,
    paymentsPort: 0,
    accountsPort: 0,
  });
  await another.stop();
  await expect(fetch(another.identityProvider.issuer)).rejects.toThrow();
  await expect(fetch(another.ticketingUrl)).rejects.toThrow();
});
