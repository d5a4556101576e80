/** Widths of text in Inter Regular, so that charts can be laid out without a browser and no label meets another. */

/** Thousandths of the font size for the characters 0x20 to 0x7e. */
const ascii = [
  281, 288, 466, 633, 642, 982, 644, 300, 365, 365, 501, 662, 288, 460, 288, 360, 631, 407, 610, 618, 646, 593, 620, 566, 619, 620, 288,
  302, 662, 662, 662, 511, 966, 690, 654, 730, 722, 601, 590, 746, 743, 269, 571, 672, 565, 903, 753, 765, 639, 765, 644, 642, 646, 744,
  690, 985, 682, 679, 629, 365, 360, 365, 471, 456, 323, 562, 612, 571, 612, 583, 370, 613, 591, 242, 242, 549, 242, 876, 591, 600, 612,
  612, 376, 528, 327, 591, 562, 818, 546, 562, 552, 426, 333, 426, 662,
];

/** What another font may be wider than Inter. */
const FALLBACK_SLACK = 1.04;

/** An upper estimate of the width of a line; characters outside ASCII count as wide ones. */
export function textWidth(text: string, fontSize: number): number {
  let thousandths = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    thousandths += ascii[code - 0x20] ?? (code === 0xb7 ? 288 : code < 0x250 ? 665 : 1000);
  }
  return (thousandths / 1000) * fontSize * FALLBACK_SLACK;
}

/** The text, or as much of its beginning as fits into a width, with an ellipsis. */
export function fitText(text: string, width: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(`${characters.join('')}…`, fontSize) > width) characters.pop();
  return `${characters.join('').trimEnd()}…`;
}
