import { startAccountsApi } from './accounts-api.ts';
import { startPaymentsApi } from './payments-api.ts';
import { startTicketingApi } from './ticketing-api.ts';

/** The systems that Sallyport gives access to, where they are served. */
export interface Targets {
  readonly ticketingUrl: string;
  readonly paymentsUrl: string;
  readonly accountsUrl: string;
  stop(): Promise<void>;
}

export interface TargetsOptions {
  /** The base URL of the Sallyport whose tokens they take. */
  readonly apiUrl: string;
  /** Gets an access token of Sallyport for a system itself. */
  readonly token: (persona: 'ticketing-api' | 'payments-api' | 'accounts-api') => Promise<string>;
  /** 8090 if not said; 0 takes any free one. */
  readonly ticketingPort?: number;
  /** 8091 if not said; 0 takes any free one. */
  readonly paymentsPort?: number;
  /** 8092 if not said; 0 takes any free one. */
  readonly accountsPort?: number;
}

export async function startTargets({
  apiUrl,
  token,
  ticketingPort = 8090,
  paymentsPort = 8091,
  accountsPort = 8092,
}: TargetsOptions): Promise<Targets> {
  const ticketing = await startTicketingApi({
    port: ticketingPort,
    issuer: apiUrl,
    authenticate: () => token('ticketing-api'),
  });
  const payments = await startPaymentsApi({
    port: paymentsPort,
    issuer: apiUrl,
    authenticate: () => token('payments-api'),
  });
  const accounts = await startAccountsApi({
    port: accountsPort,
    issuer: apiUrl,
    authenticate: () => token('accounts-api'),
  });
  return {
    ticketingUrl: ticketing.url,
    paymentsUrl: payments.url,
    accountsUrl: accounts.url,
    stop: async () => {
      await Promise.all([ticketing.stop(), payments.stop(), accounts.stop()]);
    },
  };
}
