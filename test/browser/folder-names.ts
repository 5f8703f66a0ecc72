/** A folder that a browser is granted by its own name. */
export interface FolderName {
  readonly script: string;
  readonly name: string;
}

const nfc = (text: string): string => text.normalize('NFC');
const nfd = (text: string): string => text.normalize('NFD');

/** Names in many scripts, with everything that a name may hold, and at the limits. */
export const FOLDER_NAMES: readonly FolderName[] = [
  { script: 'Korean, composed (NFC)', name: nfc('courses/선형 대수') },
  { script: 'Korean, decomposed (NFD)', name: nfd('courses/선형 대수') },
  { script: 'French, composed (NFC), apostrophe', name: nfc("L'été") },
  { script: 'Latin, brackets and blanks', name: 'Lesson 1 (draft)' },
  { script: 'French, decomposed (NFD), apostrophe', name: nfd("L'été") },
  { script: 'Korean with Latin and digits', name: '과정/1강 (초안)' },
  { script: 'Latin, every sign', name: "a_b~c-d.e:f@g=h (i) 'j' !k" },
  { script: 'Latin, signs first', name: ":a/@b/=c/(d)/'e/!f/~g/-h/_i" },
  { script: 'Latin, two blanks in a row', name: 'two  blanks' },
  { script: 'Latin, dots inside', name: 'v1..2/a.b.c.' },
  { script: 'German', name: 'Übungen/Größe' },
  { script: 'Polish', name: 'Zażółć gęślą jaźń' },
  { script: 'Turkish', name: 'İstanbul ığüşöç' },
  { script: 'Vietnamese, composed (NFC)', name: nfc('Đại số tuyến tính') },
  { script: 'Vietnamese, decomposed (NFD)', name: nfd('Đại số tuyến tính') },
  { script: 'Icelandic', name: 'Þórður æ ð' },
  { script: 'Cyrillic', name: 'Линейная алгебра' },
  { script: 'Greek', name: 'Γραμμική άλγεβρα' },
  { script: 'Armenian', name: 'Հայերեն դասեր' },
  { script: 'Georgian', name: 'ქართული გაკვეთილი' },
  { script: 'Hebrew, right to left', name: 'אלגברה לינארית' },
  { script: 'Arabic, right to left, with marks', name: 'الجَبْر الخَطّي ٣' },
  { script: 'Persian, right to left', name: 'جبر خطی ۱۲' },
  { script: 'Urdu, right to left', name: 'خطی الجبرا' },
  { script: 'Devanagari (Hindi)', name: 'रैखिक बीजगणित १' },
  { script: 'Bengali', name: 'রৈখিক বীজগণিত' },
  { script: 'Tamil', name: 'நேரியல் இயற்கணிதம்' },
  { script: 'Telugu', name: 'రేఖీయ బీజగణితం' },
  { script: 'Thai', name: 'พีชคณิตเชิงเส้น' },
  { script: 'Khmer', name: 'ពិជគណិត' },
  { script: 'Burmese', name: 'မြန်မာစာ' },
  { script: 'Ethiopic (Amharic)', name: 'አልጀብራ ትምህርት' },
  { script: 'Han, simplified', name: '线性代数' },
  { script: 'Han, traditional', name: '線性代數' },
  { script: 'Japanese: Han, Hiragana, Katakana', name: '線形代数/はじめての ノート' },
  { script: 'Han beyond the BMP', name: '𠮷野家' },
  { script: 'Mathematical letters beyond the BMP', name: '𝔸𝔹 𝕏' },
  { script: 'Cherokee', name: 'ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ' },
  { script: 'Fractions, Roman and circled numbers', name: '½ Ⅷ ①' },
  { script: 'A mark first', name: 'a/\u0301b' },
  {
    script: '512 bytes when escaped, letters of 9',
    name: `${'가'.repeat(28)}/${'나'.repeat(27)}/123456789012345`,
  },
  { script: '512 bytes when escaped, letters of 6', name: `${'é'.repeat(42)}/${'ö'.repeat(42)}/123456` },
  { script: '512 bytes, ASCII', name: `${'a'.repeat(250)}/${'b'.repeat(250)}/${'c'.repeat(10)}` },
  { script: '16 segments', name: Array.from('가나다라마바사아자차카타파하거너').join('/') },
];

/** What `npm run whole` takes; all of them by `npm run folder-names`. */
export const SAMPLE: readonly FolderName[] = FOLDER_NAMES.slice(0, 4);
