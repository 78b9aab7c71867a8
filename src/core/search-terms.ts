/**
 * Words as search knows them: what a message is found by, and what a query asks for. Pure; a store's index is made of these terms, so a change
 * of `indexTerms` needs a new `TERMS_VERSION`.
 */
import type { Content } from './model.ts';

/** An index made with another version is made anew. */
export const TERMS_VERSION = 1;

/** Terms of one message: some pages of prose. What a longer text says after them is not found. */
export const MAX_TERMS = 1_024;

/** Characters of a term: the longest words of any language; the rest of a longer one does not count. */
const MAX_TERM_LENGTH = 32;

/** Terms of one query: a sentence. */
export const MAX_QUERY_TERMS = 16;

/** Letters of a query word from which its ending does not matter. */
const MIN_INFLECTED = 4;

/** Letters of a query word from which it may be the beginning of another. */
const MIN_BEGINNING = 3;

/** Letters more that a word may have than a short one it begins with: `run` is for `running`, `cat` not for `category`. */
const MAX_ADDED = 4;

/** Letters that are left of a word without its ending. */
const MIN_STEM = 3;

/** One thing a message must have: this term, or one that begins like this. */
export interface SearchTerm {
  readonly term: string;
  readonly prefix: boolean;
  /** Code units of a word that begins like this, at the most. */
  readonly longest?: number;
}

const WORD = /[\p{L}\p{N}\p{M}]+/gu;

/** Scripts that put no spaces between words: found by single characters and pairs. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu;

/** Marks that may be left out when typing: all on Latin and Greek letters, and the dots of ё. й and the vowel signs of other scripts stay. */
const SOFT_MARKS = /(?<=[\p{Script=Latin}\p{Script=Greek}]\p{M}*)\p{M}|(?<=е)\u0308/gu;

/** Longest first: what Russian and English put at the end of the same word. */
const ENDINGS = [
  'иями ями ами иям иях ией ого его ому ему ыми ими ешь ишь ете ите ing ies',
  'ия ию ии ие ам ям ах ях ов ев ей ой ом ем ый ий ая яя ое ее ые ую юю ых их ым им ть ла ло ли ет ит ут ют ат ят ed es er ly',
  'а я о е и ы у ю ь й л e s y',
].flatMap((list) => list.split(' '));

/** Text with everything gone that people do not tell apart when they look for something: width, case, most accents. */
export function foldText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(SOFT_MARKS, '')
    .normalize('NFC')
    .replaceAll('ß', 'ss')
    .replaceAll('ς', 'σ');
}

interface Run {
  readonly text: string;
  readonly spaced: boolean;
}

function* runsOf(text: string): Generator<Run> {
  for (const [word] of foldText(text).matchAll(WORD)) {
    let from = 0;
    for (const match of word.matchAll(UNSPACED)) {
      if (match.index > from) yield { text: word.slice(from, match.index), spaced: true };
      yield { text: match[0], spaced: false };
      from = match.index + match[0].length;
    }
    if (from < word.length) yield { text: word.slice(from), spaced: true };
  }
}

/** Cut between characters, never inside one. */
function shortened(word: string): string {
  if (word.length <= MAX_TERM_LENGTH) return word;
  const cut = word.slice(0, MAX_TERM_LENGTH);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

function* pairsOf(characters: readonly string[]): Generator<string> {
  for (let at = 0; at + 1 < characters.length; at += 1) yield `${characters[at]}${characters[at + 1]}`;
}

/** The terms a text is found by, each once, `MAX_TERMS` at most. */
export function indexTerms(text: string): ReadonlySet<string> {
  const terms = new Set<string>();
  for (const { text: run, spaced } of runsOf(text)) {
    if (spaced) terms.add(shortened(run));
    else {
      const characters = Array.from(run);
      for (const term of [...characters, ...pairsOf(characters)]) {
        if (terms.size >= MAX_TERMS) return terms;
        terms.add(term);
      }
    }
    if (terms.size >= MAX_TERMS) return terms;
  }
  return terms;
}

/** The words of a message that people look for: what it says and what its file is called. */
export function searchedText({ text = '', resource }: Pick<Content, 'text' | 'resource'>): string {
  return resource?.name === undefined ? text : `${text}\n${resource.name}`;
}

/** What a message must have to be found: all of it. Empty when the query has no word. */
export function queryTerms(query: string): readonly SearchTerm[] {
  const terms = new Map<string, SearchTerm>();
  for (const { text: run, spaced } of runsOf(query)) {
    for (const term of spaced ? [wordTerm(shortened(run))] : unspacedTerms(Array.from(run))) {
      if (terms.size >= MAX_QUERY_TERMS) return [...terms.values()];
      terms.set(`${term.prefix ? '*' : ''}${term.term}`, term);
    }
  }
  return [...terms.values()];
}

function unspacedTerms(characters: readonly string[]): SearchTerm[] {
  const terms = characters.length === 1 ? characters : [...pairsOf(characters)];
  return terms.map((term) => ({ term, prefix: false }));
}

/** A longer word stands for all its forms, one of three letters for those that are little longer; a shorter one and a number for themselves. */
function wordTerm(word: string): SearchTerm {
  if (word.length < MIN_BEGINNING || /^\p{N}+$/u.test(word)) return { term: word, prefix: false };
  if (word.length < MIN_INFLECTED) return { term: word, prefix: true, longest: word.length + MAX_ADDED };
  const ending = ENDINGS.find((end) => word.endsWith(end) && word.length - end.length >= MIN_STEM) ?? '';
  return { term: word.slice(0, word.length - ending.length), prefix: true };
}

/** Whether a message with these words is found by a query. The one definition; an index may only be faster. */
export function matchesQuery(terms: ReadonlySet<string>, query: readonly SearchTerm[]): boolean {
  return query.every((wanted) => terms.has(wanted.term) || (wanted.prefix && startsOne(terms, wanted)));
}

function startsOne(terms: ReadonlySet<string>, { term: beginning, longest = Infinity }: SearchTerm): boolean {
  for (const term of terms) if (term.length <= longest && term.startsWith(beginning)) return true;
  return false;
}
