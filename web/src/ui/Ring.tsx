/** Countdown ring with the seconds in the middle. */
interface Props {
  share: number;
  text: string;
  urgent?: boolean;
}

export function Ring({ share, text, urgent }: Props) {
  return (
    <svg class={`ring ${urgent ? 'urgent' : ''}`} viewBox="0 0 100 100" role="img" aria-label={text}>
      <circle class="ring-ground" cx="50" cy="50" r="42" />
      <circle
        class="ring-front"
        cx="50"
        cy="50"
        r="42"
        pathLength="100"
        stroke-dasharray={`${Math.max(0, Math.min(1, share)) * 100} 100`}
        transform="rotate(-90 50 50)"
      />
      <text x="50" y="50" text-anchor="middle" dominant-baseline="central">
        {text}
      </text>
    </svg>
  );
}
