/** Style sheet of the report page: two themes by the reader's own setting, nothing fetched. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#f6f7f9;--panel:#fff;--ink:#1a1f29;--soft:#5c6675;--line:#e1e5eb;--own:#2563eb;--other:#a3aebd;--met:#12753c;--met-ground:#e3f5ea;--missed:#b3261e;--missed-ground:#fdeceA}
@media (prefers-color-scheme:dark){:root{--ground:#0f1319;--panel:#171c24;--ink:#e8ecf2;--soft:#98a3b3;--line:#272e39;--own:#6ea0ff;--other:#56616f;--met:#74d79a;--met-ground:#12301f;--missed:#ff9a92;--missed-ground:#3a1917}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main{max-width:1180px;margin:0 auto;padding:0 24px}
header{display:flex;gap:32px;align-items:flex-end;justify-content:space-between;padding-top:40px;padding-bottom:20px}
h1{font-size:28px;line-height:1.2;margin:0 0 8px;letter-spacing:-.01em}
h2{font-size:16px;margin:0}
h2 span{color:var(--own);font-variant-numeric:tabular-nums;margin-right:4px}
header p,section>p{color:var(--soft);margin:2px 0 14px;font-size:13.5px}
header p{max-width:820px;margin:0}
header .score{text-align:right;white-space:nowrap;color:var(--soft)}
.score strong{display:block;font-size:40px;line-height:1.1;color:var(--ink);font-variant-numeric:tabular-nums}
.score strong span{font-size:22px;color:var(--soft);font-weight:500}
section{background:var(--panel);border:1px solid var(--line);border-radius:12px;padding:20px 22px;margin:0 0 20px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,480px),1fr));gap:20px;margin-bottom:20px}
.card{margin:0;display:flex;flex-direction:column}
.card .chips{margin-top:auto;padding-top:14px}
svg{display:block;width:100%;height:auto;overflow:visible}
.wide svg{max-width:980px}
svg text{fill:var(--soft);font-size:13px;dominant-baseline:central;font-variant-numeric:tabular-nums}
svg text.strong{fill:var(--ink);font-weight:600}
svg .value{fill:var(--ink)}
.own{fill:var(--own)}.other{fill:var(--other)}.faint{opacity:.35}
.stroke{fill:none;stroke-width:2;stroke-linejoin:round}.own-stroke{stroke:var(--own);stroke-width:3}.other-stroke{stroke:var(--other)}
.grid{stroke:var(--line)}
ul{list-style:none;margin:0;padding:0}
.chips li{border-radius:8px;padding:5px 10px;margin-top:6px;font-size:13px;font-variant-numeric:tabular-nums;background:var(--ground)}
.chips i{color:var(--soft);font-style:normal}
.chips .met{background:var(--met-ground)}.chips .met b{color:var(--met)}
.chips .missed{background:var(--missed-ground)}.chips .missed b{color:var(--missed)}
.warnings{margin-bottom:20px;border:1px solid var(--line);border-left:4px solid var(--missed);border-radius:8px;background:var(--panel);padding:10px 18px;font-size:13.5px}
.scroll{overflow-x:auto;margin-top:12px}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums;white-space:nowrap}
th{color:var(--soft);font-weight:500;text-align:right;padding:4px 10px}
td{text-align:right;padding:3px 10px}
th:nth-child(-n+2),td:nth-child(-n+2){text-align:left}
tr.first td{border-top:1px solid var(--line);padding-top:7px}
tr.own-row td{font-weight:600}
td:first-child{color:var(--own);font-weight:600}
.method p{max-width:900px;color:var(--ink);font-size:14px}
.empty{padding:24px 0}
@media (max-width:640px){header{flex-direction:column;align-items:flex-start}header .score{text-align:left}}
`;
