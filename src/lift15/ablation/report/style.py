"""How a report looks: light and dark, on a screen and on paper."""

COLOURS = """
:root { color-scheme: light dark;
  --ground: #ffffff; --text: #1d2126; --soft: #5a626b; --rule: #d5d9de; --tint: #f4f6f8;
  --good: #00704f; --bad: #b03a00; --same: #2a62a8; --open: #8a6100; --none: #5a626b;
  --s0: #2a62a8; --s1: #c2500a; --s2: #00845c; --s3: #a04a86; --s4: #8a6d00; --s5: #3d8fc0; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #16191d; --text: #e4e7ea; --soft: #a2abb4; --rule: #3a4149; --tint: #1f242a;
  --good: #45c496; --bad: #ff8a50; --same: #7fb2f5; --open: #e2b64a; --none: #a2abb4;
  --s0: #7fb2f5; --s1: #ff9a5c; --s2: #45c496; --s3: #e090c8; --s4: #dcc04a; --s5: #7fd0f5; } }
@media print { :root { color-scheme: light;
  --ground: #ffffff; --text: #000000; --soft: #444444; --rule: #bbbbbb; --tint: #f4f4f4;
  --good: #00704f; --bad: #b03a00; --same: #2a62a8; --open: #8a6100; --none: #444444;
  --s0: #2a62a8; --s1: #c2500a; --s2: #00845c; --s3: #a04a86; --s4: #8a6d00; --s5: #3d8fc0; } }
"""
"""One value per colour and scheme; series keep 4.5 : 1 against the ground in both, but the last."""

DRAWING = """
svg { font: 12px system-ui, sans-serif; }
svg text { fill: var(--text); }
svg .soft { fill: var(--soft); }
svg .strong { font-weight: 600; }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .axis { stroke: var(--soft); stroke-width: 1; }
svg .band { fill: var(--rule); opacity: 0.45; }
svg .edge { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3; }
svg .line { stroke: var(--c); stroke-width: 1.6; fill: none; stroke-linejoin: round; }
svg .faint { stroke: var(--c); stroke-width: 0.8; fill: none; opacity: 0.3; }
svg .dot { fill: var(--c); }
svg .hollow { fill: var(--ground); stroke: var(--c); stroke-width: 1.6; }
svg .spread { fill: var(--c); opacity: 0.18; }
svg .s0 { --c: var(--s0); } svg .s1 { --c: var(--s1); } svg .s2 { --c: var(--s2); }
svg .s3 { --c: var(--s3); } svg .s4 { --c: var(--s4); } svg .s5 { --c: var(--s5); }
svg .good { --c: var(--good); } svg .bad { --c: var(--bad); } svg .same { --c: var(--same); }
svg .open { --c: var(--open); } svg .neutral { --c: var(--soft); }
svg .d1 { stroke-dasharray: 6 3; } svg .d2 { stroke-dasharray: 2 3; }
svg .d3 { stroke-dasharray: 8 3 2 3; } svg .d4 { stroke-dasharray: 12 4; }
svg .d5 { stroke-dasharray: 1 3; }
"""

PAGE = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, sans-serif; }
main, header, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 0.5rem; }
h2 { font-size: 1.35rem; margin: 3rem 0 0.75rem; padding-top: 0.6rem;
  border-top: 1px solid var(--rule); }
p, ul { margin: 0.6rem 0; max-width: 50rem; }
li { margin: 0.25rem 0; }
p.soft, figcaption, .notes { color: var(--soft); font-size: 0.9rem; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem;
  max-width: none; font-size: 0.9rem; }
a { color: var(--same); }
.lead { font-weight: 600; margin-bottom: 0.2rem; }
.answer { border-left: 4px solid var(--c); background: var(--tint); padding: 0.6rem 1rem;
  margin: 0.7rem 0; break-inside: avoid; }
.answer p { margin: 0.15rem 0; max-width: none; }
.answer .label { color: var(--c); font-weight: 650; }
.for { --c: var(--good); } .against { --c: var(--bad); } .same { --c: var(--same); }
.open { --c: var(--open); } .none { --c: var(--none); }
.scroll { overflow-x: auto; margin: 1.2rem 0 0.3rem; }
.scroll:focus-visible { outline: 2px solid var(--same); outline-offset: 3px; }
table { border-collapse: collapse; font-size: 0.85rem; line-height: 1.35; }
caption { text-align: left; font-weight: 600; padding-bottom: 0.4rem; }
th, td { padding: 0.35rem 0.5rem; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid var(--soft); vertical-align: bottom; font-weight: 600; }
tbody tr { border-bottom: 1px solid var(--rule); }
tbody th { font-weight: 500; min-width: 5rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
td.number.words { white-space: normal; color: var(--soft); font-style: italic; }
.short { white-space: nowrap; }
td.long { min-width: 14rem; }
.notes { margin: 0 0 1rem; }
figure { margin: 1.4rem 0; break-inside: avoid; }
figure svg, figure img { max-width: 100%; height: auto; display: block; }
figure img { background: #ffffff; border: 1px solid var(--rule); }
figcaption { max-width: 50rem; margin-top: 0.4rem; }
pre { background: var(--tint); padding: 0.8rem 1rem; overflow-x: auto; font-size: 0.82rem;
  line-height: 1.45; }
details { margin: 0.6rem 0; } summary { cursor: pointer; }
footer { padding-top: 2rem; padding-bottom: 2.5rem; color: var(--soft); font-size: 0.85rem; }
@media print { body { font-size: 10.5pt; } main, header, footer { max-width: none; padding: 0; }
  nav { display: none; } .scroll { overflow: visible; } table { font-size: 8.5pt; }
  th, td { padding: 0.2rem 0.4rem; } td.number, .short { white-space: normal; }
  thead { display: table-header-group; } tr { break-inside: avoid; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  h2 { break-after: avoid; } details::details-content { content-visibility: visible; } }
"""
