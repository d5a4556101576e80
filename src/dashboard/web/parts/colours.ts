/**
 * Shades from best to worst. They change in lightness all the way, so that they order themselves without hue, and run
 * from blue-green to yellow, which stay apart under the common colour blindnesses.
 */
type Rgb = readonly [red: number, green: number, blue: number];

const onLight: readonly Rgb[] = [
  [11, 61, 78],
  [22, 98, 106],
  [58, 137, 123],
  [122, 174, 135],
  [190, 206, 146],
  [247, 233, 176],
];
const onDark: readonly Rgb[] = [
  [196, 240, 220],
  [118, 205, 182],
  [62, 160, 154],
  [38, 114, 125],
  [34, 76, 95],
  [40, 47, 66],
];

export function shade(place: number, dark: boolean): string {
  const stops = dark ? onDark : onLight;
  const at = Math.min(1, Math.max(0, place)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  const mixed = stops[low]!.map((from, i) => Math.round(from + (stops[low + 1]![i]! - from) * (at - low)));
  return `rgb(${mixed.join(',')})`;
}

/** Black or white, whichever reads better on a shade. */
export function inkOn(colour: string): string {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map((part) => {
    const value = Number(part) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000000' : '#ffffff';
}
