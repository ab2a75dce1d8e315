import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { CedarQuestion } from './question.cedar.ts';

/** A record that the context holds, of which policies mostly look at a member or two. */
const ASSURANCE = 'assurance';

/**
 * Leaves out of questions what these policies cannot look at: Cedar takes longer to read a question than to answer it.
 * Policies name each attribute that they read, so what none of them has a word for is read by none. Where a record is used
 * in any other way than by its members, or a name may be written in escapes, all of it stays.
 */
export function lookedAtBy(texts: readonly string[]): (question: CedarQuestion) => CedarQuestion {
  const text = texts.join('\n');
  const words = new Set(text.match(/\w+/g));
  const isWritten = (name: string) => words.has(name) || text.includes('\\');
  const inContext = membersOf(text, 'context');
  const inAssurance = membersOf(text, ASSURANCE);

  return (question) => {
    const context = only(question.context, inContext);
    const assurance = context[ASSURANCE];
    return {
      ...question,
      context: isRecord(assurance) ? { ...context, [ASSURANCE]: only(assurance, inAssurance) } : context,
      entities: question.entities.map(
        ({ uid, attrs, parents }): EntityJson => ({ uid, attrs: only(attrs, isWritten), parents }),
      ),
    };
  };
}

type IsNamed = (name: string) => boolean;

/** The members of a record that a text names wherever it speaks of the record; every name, where it speaks of the whole. */
function membersOf(text: string, record: string): IsNamed {
  const names = new Set<string>();
  for (const [, member, tested] of text.matchAll(
    new RegExp(`\\b${record}\\b(?:\\s*\\.\\s*(\\w+)|\\s+has\\s+(\\w+))?`, 'g'),
  )) {
    const name = member ?? tested;
    if (name === undefined) return () => true;
    names.add(name);
  }
  return (name) => names.has(name);
}

function only<Value>(record: Record<string, Value>, isNamed: IsNamed): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => isNamed(name)));
}

function isRecord(value: CedarValueJson | undefined): value is Record<string, CedarValueJson> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
