// The mark of the program: two quays and a way between them.

export function Logo({ className = "size-6" }: { className?: string }) {
  return (
    <svg aria-hidden viewBox="0 0 32 32" className={className}>
      <rect width="32" height="32" rx="7" className="fill-accent-strong" />
      <path d="M8 9v14M24 9v14M8 16h16" strokeWidth="3" strokeLinecap="round" fill="none" className="stroke-on-accent" />
      <circle cx="16" cy="16" r="3.4" className="fill-on-accent" />
    </svg>
  );
}
