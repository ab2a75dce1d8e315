/** Where new ids come from. Ids are unguessable: 128 random bits. */
export interface Ids {
  next(): string;
}
