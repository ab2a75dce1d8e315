import { randomUUID } from 'node:crypto';
import type { Actor } from './access-tokens.ts';

export interface Comment {
  readonly id: string;
  readonly author: Actor;
  readonly body: string;
  readonly createdAt: string;
}

export interface Ticket {
  readonly id: string;
  readonly title: string;
  readonly comments: readonly Comment[];
}

/** The tickets of two projects, in memory. What is not there is undefined, never an error. */
export class Tickets {
  readonly #projects = new Map<string, Map<string, Ticket>>();

  constructor() {
    this.#open('OPS-1', 'Checkout answers slowly since the last deployment');
    this.#open('OPS-2', 'Rotate the certificate of the payment gateway');
    this.#open('OPS-3', 'Old test ticket');
    this.#open('WEB-1', 'Footer links to the old imprint');
    this.#open('WEB-2', 'Dark mode forgets the choice');
  }

  list(project: string): Ticket[] | undefined {
    const tickets = this.#projects.get(project);
    return tickets && [...tickets.values()];
  }

  comment(
    project: string,
    id: string,
    { author, body }: { author: Actor; body: string },
  ): Comment | undefined {
    const ticket = this.#projects.get(project)?.get(id);
    if (ticket === undefined) return undefined;
    const comment = { id: randomUUID(), author, body, createdAt: new Date().toISOString() };
    this.#put(project, { ...ticket, comments: [...ticket.comments, comment] });
    return comment;
  }

  /** Says whether there was such a ticket. */
  delete(project: string, id: string): boolean {
    return this.#projects.get(project)?.delete(id) ?? false;
  }

  #open(id: string, title: string): void {
    const [project = ''] = id.split('-');
    if (!this.#projects.has(project)) this.#projects.set(project, new Map());
    this.#put(project, { id, title, comments: [] });
  }

  #put(project: string, ticket: Ticket): void {
    this.#projects.get(project)?.set(ticket.id, ticket);
  }
}
