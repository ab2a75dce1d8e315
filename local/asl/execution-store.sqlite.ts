import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Execution } from './execution.ts';
import type { ExecutionStore } from './execution-store.ts';
import type { HistoryEvent } from './history.ts';

/** Executions in a file: when `save` returns, they survive the end of the process, however it comes. */
export interface DurableExecutionStore extends ExecutionStore {
  /** What is saved afterwards is lost, as if the process had ended: the next one does it again. */
  close(): void;
}

/**
 * A transaction in the write-ahead log is in the kernel's hands when it is committed, so it survives a kill of
 * the process. `synchronous = NORMAL` does not wait for the disk: a crash of the machine may take the last
 * transactions, never a part of one. The exclusive lock, which the kernel lifts from the dead, keeps a second
 * process from running the same executions.
 */
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
`;

/** Raised with each change of the schema, so that a file of another one is refused rather than misread. */
const SCHEMA_VERSION = 1;

/**
 * What an execution starts with is written once, its definition once for all that share it. Its history is
 * appended to: a row holds the events of one save.
 */
const SCHEMA = `
  CREATE TABLE definitions (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE executions (
    id INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    state_machine_arn TEXT NOT NULL,
    started_at REAL NOT NULL,
    definition_id INTEGER NOT NULL REFERENCES definitions,
    beginning TEXT NOT NULL,
    status TEXT NOT NULL,
    progress TEXT NOT NULL
  ) STRICT;
  CREATE INDEX executions_by_start ON executions (state_machine_arn, started_at);
  CREATE INDEX executions_running ON executions (status) WHERE status = 'RUNNING';
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    execution_id INTEGER NOT NULL REFERENCES executions,
    batch TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_of_execution ON events (execution_id);
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

interface Row {
  readonly id: number;
  readonly arn: string;
  readonly definition: string;
  readonly beginning: string;
  readonly progress: string;
}

/** A running execution, and how much of it is in the file. */
interface Kept {
  readonly execution: Execution;
  readonly id: number;
  eventCount: number;
}

/** Opens, or makes, the file. Only what runs is in memory; what has ended is read each time that it is asked for. */
export function openExecutionStore(path: string): DurableExecutionStore {
  const database = openDatabase(path);
  const select = `SELECT executions.id, arn, text AS definition, beginning, progress
    FROM executions JOIN definitions ON definitions.id = definition_id`;
  const selectOne = database.prepare(`${select} WHERE arn = ?`);
  const selectRunning = database.prepare(`${select} WHERE status = 'RUNNING' ORDER BY executions.id`);
  const selectOfMachine = database.prepare(
    `${select} WHERE state_machine_arn = ? ORDER BY started_at DESC, executions.id DESC`,
  );
  const selectEvents = database.prepare('SELECT batch FROM events WHERE execution_id = ? ORDER BY id');
  const insertDefinition = database.prepare('INSERT OR IGNORE INTO definitions (text) VALUES (?)');
  const insertExecution = database.prepare(`
    INSERT INTO executions (arn, state_machine_arn, started_at, definition_id, beginning, status, progress)
    VALUES (?, ?, ?, (SELECT id FROM definitions WHERE text = ?), ?, ?, '{}')`);
  const updateExecution = database.prepare('UPDATE executions SET status = ?, progress = ? WHERE id = ?');
  const insertEvents = database.prepare('INSERT INTO events (execution_id, batch) VALUES (?, ?)');
  const [begin, commit] = [database.prepare('BEGIN'), database.prepare('COMMIT')];

  const running = new Map<string, Kept>();
  const ended = new WeakSet<Execution>();
  for (const row of selectRunning.all() as unknown as Row[]) {
    const history = historyOf(row.id);
    const execution = { ...withoutHistory(row), history };
    running.set(row.arn, { execution, id: row.id, eventCount: history.length });
  }

  function historyOf(id: number): HistoryEvent[] {
    return selectEvents.all(id).flatMap(({ batch }) => JSON.parse(String(batch)) as HistoryEvent[]);
  }

  function executionOf(row: Row): Execution {
    const live = running.get(row.arn)?.execution;
    if (live !== undefined) return live;
    let history: HistoryEvent[] | undefined;
    return {
      ...withoutHistory(row),
      // Most who ask for an execution, and all who list them, do without.
      get history() {
        history ??= historyOf(row.id);
        return history;
      },
    };
  }

  function insert(execution: Execution): Kept {
    const { arn, stateMachineArn, startedAt, definition, status } = execution;
    insertDefinition.run(definition);
    const { beginning } = partsOf(execution);
    const { lastInsertRowid } = insertExecution.run(
      arn,
      stateMachineArn,
      startedAt,
      definition,
      JSON.stringify(beginning),
      status,
    );
    return { execution, id: Number(lastInsertRowid), eventCount: 0 };
  }

  function write(execution: Execution): Kept {
    const kept = running.get(execution.arn) ?? insert(execution);
    const { id, eventCount } = kept;
    updateExecution.run(execution.status, JSON.stringify(partsOf(execution).progress), id);
    const { history } = execution;
    if (history.length > eventCount) insertEvents.run(id, JSON.stringify(history.slice(eventCount)));
    return kept;
  }

  return {
    get: (arn) => {
      const live = running.get(arn)?.execution;
      if (live !== undefined) return live;
      const row = selectOne.get(arn) as unknown as Row | undefined;
      return row && executionOf(row);
    },
    running: () => Array.from(running.values(), ({ execution }) => execution),
    list: (stateMachineArn) => (selectOfMachine.all(stateMachineArn) as unknown as Row[]).map(executionOf),
    save: (execution) => {
      // An answer that comes too late changes nothing of what has ended.
      if (!database.isOpen || ended.has(execution)) return;
      begin.run();
      let kept: Kept;
      try {
        kept = write(execution);
        commit.run();
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
      kept.eventCount = execution.history.length;
      if (execution.status === 'RUNNING') {
        running.set(execution.arn, kept);
      } else {
        running.delete(execution.arn);
        ended.add(execution);
      }
    },
    close: () => {
      if (database.isOpen) database.close();
    },
  };
}

/** What never changes, and what each save writes anew. */
function partsOf(execution: Execution) {
  const { definition: _, history: __, ...members } = execution;
  const { status, stoppedAt, output, error, cause, frames, nextFrameId, ...beginning } = members;
  return { beginning, progress: { status, stoppedAt, output, error, cause, frames, nextFrameId } };
}

function withoutHistory({ definition, beginning, progress }: Row): Omit<Execution, 'history'> {
  return { ...JSON.parse(beginning), definition, ...JSON.parse(progress) };
}

function openDatabase(path: string): DatabaseSync {
  // It holds task tokens: for its owner only, and so are the files that SQLite puts beside it.
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path);
  try {
    database.exec(SETTINGS);
    const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
    if (version === 0) database.exec(`BEGIN; ${SCHEMA} COMMIT;`);
    else if (version !== SCHEMA_VERSION)
      throw new Error(`${path} is of another version of Sallyport: delete it to start afresh`);
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && error.message === 'database is locked')
      throw new Error(`${path} is in use: does another Sallyport run?`, { cause: error });
    throw error;
  }
}
