/** What a caller wants to see of a resource (RFC 7644 §3.4.2.5). */
export interface Projection {
  readonly attributes?: string | undefined;
  readonly excludedAttributes?: string | undefined;
}

/** They are always shown (RFC 7643 §3, §3.1). */
const ALWAYS = ['schemas', 'id'];

/** Attributes are named whole: a part of one stands for all of it. */
export function projected(resource: object, { attributes, excludedAttributes }: Projection): object {
  const wanted = attributes === undefined ? undefined : namesIn(attributes);
  const unwanted = namesIn(excludedAttributes ?? '');
  return Object.fromEntries(
    Object.entries(resource).filter(([name]) => {
      const key = name.toLowerCase();
      if (ALWAYS.includes(key)) return true;
      return wanted === undefined ? !unwanted.includes(key) : wanted.includes(key);
    }),
  );
}

/** Whether an attribute would be seen: what nobody will see need not be read. */
export function isWanted(name: string, projection: Projection): boolean {
  return name in projected({ [name]: true }, projection);
}

function namesIn(list: string): string[] {
  return list.split(',').map((path) => {
    const [name = ''] = path
      .trim()
      .replace(/^urn:.*:/i, '')
      .split(/[.[]/);
    return name.toLowerCase();
  });
}
