import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** The least that RFC 7677 §4 allows, and PostgreSQL's own. More is for passwords that people think of. */
const ITERATIONS = 4096;
const SALT_BYTES = 16;
const DIGEST_BYTES = 32;

/**
 * What a server keeps of a password to verify it by (RFC 5802 §3), in the form that PostgreSQL takes in its place
 * (https://www.postgresql.org/docs/current/catalog-pg-authid.html). So the password itself is in no statement, and
 * in no log of statements.
 * @param password of ASCII characters: of any other, a client first makes another string (RFC 4013)
 */
export async function scramVerifier(
  password: string,
  salt: Buffer = randomBytes(SALT_BYTES),
): Promise<string> {
  const salted = await promisify(pbkdf2)(password, salt, ITERATIONS, DIGEST_BYTES, 'sha256');
  const keyed = (message: string) => createHmac('sha256', salted).update(message).digest();
  const storedKey = createHash('sha256').update(keyed('Client Key')).digest('base64');
  const serverKey = keyed('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
