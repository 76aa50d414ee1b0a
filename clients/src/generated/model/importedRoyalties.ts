/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What came of an import.
 */
export type ImportedRoyalties = {
  /** SHA-256 of the file. */
  file: string;
  /** Its lines. */
  lines: number;
  /** Those that no earlier file had told. */
  new_lines: number;
  /** True when the same file had been imported before: nothing has changed. */
  already_imported: boolean;
  /** When it was imported. */
  imported_at: string;
};
