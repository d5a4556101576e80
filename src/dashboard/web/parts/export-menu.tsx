/** A chart as a file: SVG drawn by the same figures as reports, PNG from it, or its numbers as CSV. */
import type { CurveChartProps } from './curve-chart.tsx';
import { Menu } from './menu.tsx';

export function fileName(text: string, ending: string): string {
  return `${
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 80) || 'marinade'
  }.${ending}`;
}

export function saveFile(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function svgOf({ title, curves, xLabel, yLabel, yLog }: CurveChartProps): Promise<string> {
  // Loaded by the first export: the page itself draws on a canvas.
  const { curveChart } = await import('../../../figures/curve-chart.ts');
  return curveChart({
    title,
    xLabel,
    yLabel,
    logarithmic: yLog,
    reach: Math.max(...curves.map(({ x }) => x.at(-1) ?? 0)),
    width: 820,
    panels: [
      {
        title,
        curves: curves.slice(0, 24).map(({ label, style, x, centre, low, high, ends = [] }) => ({
          label,
          style,
          ends,
          points: Array.from(x, (at, i) => ({
            x: at,
            centre: centre[i]!,
            low: (low ?? centre)[i]!,
            high: (high ?? centre)[i]!,
            partial: false,
          })).filter((point) => !Number.isNaN(point.centre)),
        })),
      },
    ],
  });
}

async function pngOf(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error('the canvas is empty')) : resolve(blob)), 'image/png'),
  );
}

/** A field of CSV; text that a spreadsheet would take for a formula is marked as text. */
export function csvField(text: string): string {
  const guarded = /^\s*[=+\-@]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",;\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

function csvOf({ curves, xLabel }: CurveChartProps): string {
  const lines = curves.flatMap(({ label, x, centre, low, high }) =>
    Array.from(x, (at, i) => [csvField(label), at, centre[i], (low ?? centre)[i], (high ?? centre)[i]].join(',')),
  );
  return [['curve', csvField(xLabel), 'value', 'low', 'high'].join(','), ...lines, ''].join('\n');
}

export function ExportMenu({ chart }: { readonly chart: CurveChartProps }) {
  const save = async (kind: 'svg' | 'png' | 'csv'): Promise<void> => {
    if (kind === 'csv') return saveFile(fileName(chart.title, 'csv'), new Blob([csvOf(chart)], { type: 'text/csv' }));
    const svg = (await svgOf(chart)).replace('fill="currentColor"', 'fill="currentColor" color="#1b2428"');
    saveFile(fileName(chart.title, kind), kind === 'svg' ? new Blob([svg], { type: 'image/svg+xml' }) : await pngOf(svg));
  };
  return (
    <Menu label="Export" end>
      <button type="button" onClick={() => void save('svg')}>
        SVG figure
      </button>
      <button type="button" onClick={() => void save('png')}>
        PNG picture
      </button>
      <button type="button" onClick={() => void save('csv')}>
        CSV of the curves
      </button>
    </Menu>
  );
}
