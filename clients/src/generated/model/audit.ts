/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * An audit and how far it is.
 */
export type Audit = {
  /** Its id. */
  id: string;
  /** Orders and transfers made at or after this are compared. */
  since: string;
  /** And before this. */
  until: string;
  /** Is what it finds settled? */
  import: boolean;
  /** `running` (or waiting for a worker), `done`, `failed`, `stopped`. */
  state: string;
  /**
   * Who asked for it.
   * @nullable
   */
  asked_by?: string | null;
  /** When. */
  asked_at: string;
  /**
   * When it was over.
   * @nullable
   */
  ended_at?: string | null;
  /** How often it was begun: more than once when an instance died over it. 0 while it waits for a worker. */
  attempt: number;
  /** Orders in the period. */
  orders: number;
  /** Orders compared. */
  orders_done: number;
  /** Transfers at Connect compared. */
  transfers_done: number;
  /** Differences found; the first 10,000 are kept to be read. */
  differences: number;
  /** Objects that could not be read at their provider: not compared. */
  unread: number;
  /** Differences whose facts were settled. */
  imported: number;
  /** True when it is done, found no difference and could read everything: our books and the providers' agree to the cent. */
  agrees: boolean;
  /**
   * Why it failed.
   * @nullable
   */
  error?: string | null;
};
