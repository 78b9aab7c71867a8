/** Who and what is in the examples of the document: the same in every part of it. */
export const ALICE = '1';
export const BOB = '2';
export const TEAM = '489204122419200';
export const HELLO = '489204130021376';
export const MOMENT = '2026-11-21T10:15:00.000Z';
