/** SVG to PNG, with a font of our own: without one a rasteriser draws no text and says nothing. */
import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';

const font = fileURLToPath(new URL('../../../assets/fonts/Inter-Regular.ttf', import.meta.url));

/** A picture on white at `zoom` pixels per unit. */
export function rasterize(svg: string, zoom = 2): Uint8Array {
  return new Resvg(svg, {
    background: '#ffffff',
    fitTo: { mode: 'zoom', value: zoom },
    font: { loadSystemFonts: false, fontFiles: [font], defaultFontFamily: 'Inter' },
  })
    .render()
    .asPng();
}
