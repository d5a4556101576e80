/** SVG to PNG, with fonts of our own: without one a rasteriser draws no text and says nothing. */
import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';
import { packageUrl } from '../../shared/program.ts';

const fonts = ['Inter-Regular.ttf', 'Inter-SemiBold.ttf'].map((file) => fileURLToPath(packageUrl(`assets/fonts/${file}`)));

/** A picture on white at `zoom` pixels per unit. */
export function rasterize(svg: string, zoom = 2): Uint8Array {
  return new Resvg(svg, {
    background: '#ffffff',
    fitTo: { mode: 'zoom', value: zoom },
    font: { loadSystemFonts: false, fontFiles: fonts, defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' },
  })
    .render()
    .asPng();
}
