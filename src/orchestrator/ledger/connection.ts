/**
 * One SQLite connection: cached statements, nested transactions with effects that wait for the commit, and errors that
 * name the file. `node:sqlite` is synchronous; whoever must not stall uses it on a thread.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { storing } from './storage-failure.ts';

export interface ConnectionOptions {
  readonly readOnly?: boolean;
  /** Milliseconds to wait for another program's lock. */
  readonly timeout?: number;
}

export class Connection {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #afterCommit: (() => void)[] = [];
  #afterRollback: (() => void)[] = [];

  /** `location` is a path, or a `file:` URL with options of SQLite for the same file. */
  constructor(path: string, options: ConnectionOptions = {}, location: string | URL = path) {
    this.path = path;
    this.#database = storing(path, () => new DatabaseSync(location, { timeout: 5000, ...options }));
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return storing(this.path, () => this.#prepare(sql).all(...values)) as Row[];
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return storing(this.path, () => this.#prepare(sql).get(...values)) as Row | undefined;
  }

  /** Executes a statement; returns how many rows it changed and the row id of what it inserted. */
  run(sql: string, ...values: SQLInputValue[]): { readonly changes: number; readonly id: number } {
    const { changes, lastInsertRowid } = storing(this.path, () => this.#prepare(sql).run(...values));
    return { changes: Number(changes), id: Number(lastInsertRowid) };
  }

  /** Statements without values or results, and pragmas. */
  execute(sql: string): void {
    storing(this.path, () => this.#database.exec(sql));
  }

  /** The single value a pragma answers with. */
  pragma(text: string): unknown {
    const row = storing(this.path, () => this.#database.prepare(`PRAGMA ${text}`).get());
    return row === undefined ? undefined : Object.values(row)[0];
  }

  /**
   * Runs `work` in one transaction. Inside another it is a savepoint: when it throws, its own changes go, the outer
   * ones stay, unless SQLite had to give up the whole transaction (a full disk), which then fails as a whole.
   */
  transact<T>(work: () => T): T {
    if (this.#depth > 0) return this.#nested(work);
    this.execute('BEGIN IMMEDIATE');
    let result: T;
    this.#depth = 1;
    try {
      result = work();
      this.execute('COMMIT');
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#rolledBack(0, 0);
      throw thrown;
    } finally {
      this.#depth = 0;
    }
    const effects = this.#afterCommit;
    this.#afterCommit = [];
    this.#afterRollback = [];
    for (const effect of effects) effect();
    return result;
  }

  /** Runs `effect` once the outermost transaction is durable; never when it, or the savepoint around this call, fails. */
  afterCommit(effect: () => void): void {
    this.#afterCommit.push(effect);
  }

  /** Runs `effect` when the changes around this call are undone. */
  afterRollback(effect: () => void): void {
    this.#afterRollback.push(effect);
  }

  /** False once SQLite gave the open transaction up. */
  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  close(): void {
    this.#statements.clear();
    storing(this.path, () => this.#database.close());
  }

  #nested<T>(work: () => T): T {
    const commits = this.#afterCommit.length;
    const rollbacks = this.#afterRollback.length;
    const savepoint = `level_${this.#depth}`;
    this.execute(`SAVEPOINT ${savepoint}`);
    this.#depth++;
    try {
      const result = work();
      this.execute(`RELEASE ${savepoint}`);
      return result;
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
      this.#rolledBack(commits, rollbacks);
      throw thrown;
    } finally {
      this.#depth--;
    }
  }

  #rolledBack(keptCommits: number, keptRollbacks: number): void {
    this.#afterCommit.length = keptCommits;
    for (const effect of this.#afterRollback.splice(keptRollbacks)) effect();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
