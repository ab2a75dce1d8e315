/** A task token says which frame of which execution it resolves, and holds a secret that cannot be guessed. */
export interface TaskToken {
  readonly executionArn: string;
  readonly frameId: number;
}

export function tokenFor(executionArn: string, frameId: number, secret: string): string {
  return Buffer.from(JSON.stringify([executionArn, frameId, secret])).toString('base64url');
}

/** What the token names, or undefined where it is none of ours. Whether it is still good, its frame tells. */
export function readToken(token: string): TaskToken | undefined {
  try {
    const [executionArn, frameId, secret] = JSON.parse(Buffer.from(token, 'base64url').toString());
    const valid = typeof executionArn === 'string' && Number.isInteger(frameId) && typeof secret === 'string';
    return valid ? { executionArn, frameId } : undefined;
  } catch {
    return undefined;
  }
}
