/** What a port's caller sees when the world stops: nothing of the catalogue, as when a process is gone. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export interface Interruptions {
  /** The same port, the calls that take time counted; `immediate` names those of its members that do not. */
  watch<Port extends object>(port: Port, immediate?: readonly (keyof Port)[]): Port;
  readonly calls: number;
}

/**
 * Stops the world at the `nth` call (from 1) of all watched ports: `before` its effect, or `after` it, when its
 * answer is lost. From then on no call gets through: a process that is gone also cleans nothing up.
 */
export function interruptions(
  nth = Number.POSITIVE_INFINITY,
  when: 'before' | 'after' = 'before',
): Interruptions {
  let calls = 0;
  let gone = false;
  return {
    get calls() {
      return calls;
    },
    watch: (port, immediate = []) =>
      new Proxy(port, {
        get(target, name, receiver) {
          const member: unknown = Reflect.get(target, name, receiver);
          if (typeof member !== 'function' || immediate.includes(name as keyof typeof port)) return member;
          return async (...given: unknown[]) => {
            calls += 1;
            const mine = calls;
            if (gone) throw new Interrupted();
            if (mine === nth) gone = true;
            if (mine === nth && when === 'before') throw new Interrupted();
            const answer: unknown = await member.apply(target, given);
            if (mine === nth) throw new Interrupted();
            return answer;
          };
        },
      }),
  };
}
