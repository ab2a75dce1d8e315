/**
 * What the program's exit code tells a script. They are documented in docs/cli.md, which a test compares with this.
 * What is not here is not used, but for 130: stopped from the keyboard (128 + SIGINT, as shells have it).
 */
export const exitCodes = {
  done: { code: 0, meaning: 'What was asked for is done' },
  failed: { code: 1, meaning: 'It failed for a reason that has no code of its own' },
  usage: { code: 2, meaning: 'The command, or what it asks for, is not valid; nothing was changed' },
  refused: {
    code: 3,
    meaning: 'Refused: denied by policy or by people, not permitted, or not in this state',
  },
  notFound: { code: 4, meaning: 'There is no such thing, or you may not see it' },
  notAuthenticated: { code: 5, meaning: 'Log in, or prove more: the session is over or too weak' },
  unresolved: {
    code: 6,
    meaning: 'Done in part: something could not be confirmed; Sallyport goes on trying',
  },
  unavailable: { code: 7, meaning: 'Sallyport, or what it needs, does not answer; try again' },
  notOver: { code: 8, meaning: 'It goes on: it was not over when the wait for it was (`--timeout`)' },
  notVerified: { code: 9, meaning: 'The audit events do not fit together' },
  decidesOtherwise: { code: 10, meaning: 'Recorded requests would be decided otherwise' },
  interrupted: { code: 130, meaning: 'The wait was stopped from the keyboard; what was started goes on' },
} as const;

export type Outcome = keyof typeof exitCodes;
