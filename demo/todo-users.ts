/** A person whom the directory holds for the Todo example, and who never signs in here. */
export interface TodoUser {
  readonly id: string;
  readonly kind: 'user';
  readonly name: string;
  readonly email: string;
  readonly status: 'active';
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

/**
 * The people of the Todo application (https://authzen-interop.net): their subject identifiers are those of its
 * identity provider.
 */
export const todoUsers: readonly TodoUser[] = [
  ['fd0', 'Rick Sanchez', 'rick@the-citadel.com', ['todo-admin', 'todo-evil-genius']],
  ['fd1', 'Morty Smith', 'morty@the-citadel.com', ['todo-editor']],
  ['fd2', 'Summer Smith', 'summer@the-smiths.com', ['todo-editor']],
  ['fd3', 'Beth Smith', 'beth@the-smiths.com', ['todo-viewer']],
  ['fd4', 'Jerry Smith', 'jerry@the-smiths.com', ['todo-viewer']],
].map(([prefix, name, email, roles]) => ({
  id: subjectId(`${prefix}614d3-c39a-4781-b7bd-8b96f5a5100d`),
  kind: 'user',
  name: String(name),
  email: String(email),
  status: 'active',
  groups: [],
  roles: roles as string[],
}));

/** As the identity provider (Dex) makes it: the base64 of a message of two fields, the user's id and the connector's. */
function subjectId(userId: string): string {
  return Buffer.from(`\n$${userId}\x12\x05local`).toString('base64url');
}
