// What this browser remembers, in IndexedDB: the salt of pseudonyms, uploads that were not
// finished, and how the person called each scan, since the service is never told. Without
// IndexedDB, as in some private windows, the same is remembered until the page is left.

export interface Unfinished {
  /** Tells the same upload again; its key here. */
  fingerprint: string;
  /** The Idempotency-Key of its job. */
  key: string;
  /** Null until the job is known to be made. */
  job: string | null;
  name: string;
  bytes: number;
  /** How many bytes had arrived when this was last written. */
  sent: number;
  at: number;
}

/** What the person knows a job by. */
export interface Known {
  job: string;
  name: string;
  /** What was read of the scan before it was sent: size, kind. */
  shape: string;
  at: number;
}

type Row = { id: string; value: unknown };

export interface Store {
  get(table: Table, id: string): Promise<unknown>;
  all(table: Table): Promise<unknown[]>;
  put(table: Table, id: string, value: unknown): Promise<void>;
  delete(table: Table, id: string): Promise<void>;
}

const TABLES = ['secrets', 'unfinished', 'names'] as const;
type Table = (typeof TABLES)[number];

/** S3 deletes the parts of an unfinished upload after a day. */
const FORGET_UPLOADS = 48 * 3600_000;
/** Jobs are kept for 90 days. */
const FORGET_NAMES = 90 * 86_400_000;

export class Memory {
  constructor(private readonly store: Store) {}

  /** The salt of this browser's pseudonyms, made when it is first asked for. */
  async salt(): Promise<Uint8Array> {
    const known = await this.store.get('secrets', 'salt');
    if (known instanceof Uint8Array && known.length === 32) return known;
    const made = crypto.getRandomValues(new Uint8Array(32));
    await this.store.put('secrets', 'salt', made);
    // Another tab may have made one at the same moment: both use what was written last.
    const kept = await this.store.get('secrets', 'salt');
    return kept instanceof Uint8Array ? kept : made;
  }

  async unfinished(now = Date.now()): Promise<Unfinished[]> {
    const rows = (await this.store.all('unfinished')) as Unfinished[];
    const old = rows.filter((row) => now - row.at > FORGET_UPLOADS);
    await Promise.all(old.map((row) => this.store.delete('unfinished', row.fingerprint)));
    return rows.filter((row) => !old.includes(row)).sort((a, b) => b.at - a.at);
  }

  keep(row: Unfinished): Promise<void> {
    return this.store.put('unfinished', row.fingerprint, row);
  }

  forget(fingerprint: string): Promise<void> {
    return this.store.delete('unfinished', fingerprint);
  }

  async names(now = Date.now()): Promise<Map<string, Known>> {
    const rows = (await this.store.all('names')) as Known[];
    const old = rows.filter((row) => now - row.at > FORGET_NAMES);
    await Promise.all(old.map((row) => this.store.delete('names', row.job)));
    return new Map(rows.filter((row) => !old.includes(row)).map((row) => [row.job, row]));
  }

  name(known: Known): Promise<void> {
    return this.store.put('names', known.job, known);
  }

  forgetName(job: string): Promise<void> {
    return this.store.delete('names', job);
  }
}

/** The browser's own database, or the page's memory where there is none. */
export async function openStore(name = 'iris'): Promise<Store> {
  try {
    return databaseStore(await openDatabase(name));
  } catch {
    return pageStore();
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      for (const table of TABLES) request.result.createObjectStore(table, { keyPath: 'id' });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('the database is in use by an older page'));
  });
}

function databaseStore(database: IDBDatabase): Store {
  const ask = <T>(table: Table, mode: IDBTransactionMode, make: (rows: IDBObjectStore) => IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(table, mode);
      const request = make(transaction.objectStore(table));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  return {
    get: async (table, id) => ((await ask(table, 'readonly', (rows) => rows.get(id))) as Row | undefined)?.value,
    all: async (table) => ((await ask(table, 'readonly', (rows) => rows.getAll())) as Row[]).map((row) => row.value),
    put: async (table, id, value) => {
      await ask(table, 'readwrite', (rows) => rows.put({ id, value }));
    },
    delete: (table, id) => ask(table, 'readwrite', (rows) => rows.delete(id)),
  };
}

export function pageStore(): Store {
  const tables = new Map(TABLES.map((table) => [table, new Map<string, unknown>()]));
  const rows = (table: Table) => tables.get(table) as Map<string, unknown>;
  return {
    get: async (table, id) => rows(table).get(id),
    all: async (table) => [...rows(table).values()],
    put: async (table, id, value) => {
      rows(table).set(id, value);
    },
    delete: async (table, id) => {
      rows(table).delete(id);
    },
  };
}
