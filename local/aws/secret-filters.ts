import { z } from 'zod';
import type { Secret } from './secret-versions.ts';

/** What nobody has here, a replica or a secret of another service, cannot be filtered for. */
export const Filters = z
  .array(
    z.strictObject({
      Key: z.enum(['all', 'description', 'name', 'tag-key', 'tag-value']),
      Values: z.array(z.string().min(1)).min(1).max(10),
    }),
  )
  .max(10);
type Filter = z.output<typeof Filters>[number];

/**
 * Whether a secret meets every filter
 * (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html): one of its values, and none of
 * those that begin with an exclamation mark.
 */
export function meets(secret: Secret, filters: z.output<typeof Filters>): boolean {
  return filters.every(({ Key, Values }) => {
    const unwanted = Values.filter((value) => value.startsWith('!'));
    const wanted = Values.filter((value) => !value.startsWith('!'));
    return (
      !unwanted.some((value) => matches(secret, Key, value.slice(1))) &&
      (wanted.length === 0 || wanted.some((value) => matches(secret, Key, value)))
    );
  });
}

function matches(secret: Secret, key: Filter['Key'], value: string): boolean {
  const tagKeys = secret.tags.map(({ Key }) => Key);
  const tagValues = secret.tags.map(({ Value }) => Value);
  switch (key) {
    case 'name':
      return secret.name.startsWith(value);
    case 'description':
      return secret.description.toLowerCase().startsWith(value.toLowerCase());
    case 'tag-key':
      return tagKeys.some((tag) => tag.startsWith(value));
    case 'tag-value':
      return tagValues.some((tag) => tag.startsWith(value));
    case 'all': {
      const words = value.toLowerCase().split(/\s+/);
      return [secret.name, secret.description, ...tagKeys, ...tagValues].some((attribute) =>
        words.every((word) => attribute.toLowerCase().includes(word)),
      );
    }
  }
}
