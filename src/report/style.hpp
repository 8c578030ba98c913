#pragma once

namespace sonde::report {

inline constexpr const char* style = R"(
:root{color-scheme:light dark;--paper:#fcfbf8;--card:#fff;--ink:#1c2127;--soft:#5d6671;--rule:#dedad2;--grid:#ece9e2;
--c0:#1d5fa6;--c1:#c4561b;--c2:#26866b;--c3:#87509f;--c4:#9a7d12;--c5:#5a6a78;--bad:#b3261e;--bad-tint:#fbeeec;--hatch:#f0ede6}
@media (prefers-color-scheme:dark){:root{--paper:#13161a;--card:#191d22;--ink:#e7e5df;--soft:#9aa3ad;--rule:#31363d;
--grid:#262b31;--c0:#6aaeef;--c1:#f0925b;--c2:#5cc3a4;--c3:#c394db;--c4:#d9bb52;--c5:#9fb0bf;--bad:#f2857c;
--bad-tint:#2b1d1d;--hatch:#20252a}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 Charter,"Bitstream Charter","Sitka Text",Cambria,
"Source Serif 4","Noto Serif","DejaVu Serif",Georgia,serif}
main{max-width:1120px;margin:0 auto;padding:56px 28px 80px}
h1{font-size:40px;line-height:1.15;font-weight:600;letter-spacing:-.015em;margin:0 0 10px;overflow-wrap:anywhere}
h2{font-size:25px;line-height:1.25;font-weight:600;letter-spacing:-.008em;margin:64px 0 6px;padding-top:22px;
border-top:1px solid var(--rule)}
h3{font-size:17px;font-weight:600;margin:26px 0 4px}
p{margin:0 0 12px;max-width:46em}
.soft{color:var(--soft)}
.state{font-size:18px;color:var(--soft);margin:0 0 30px}
.state b{color:var(--ink);font-weight:600}
.facts,.legend,.bars,figcaption,table,svg,.small,footer{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
font-variant-numeric:tabular-nums}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(118px,1fr));background:var(--card);margin:0;
border:1px solid var(--rule);border-radius:6px;overflow:hidden}
.facts div{box-shadow:0 0 0 .5px var(--rule);padding:14px 16px 12px}
.facts dt{font-size:12px;color:var(--soft);margin:0}
.facts dd{font-size:23px;font-weight:600;letter-spacing:-.01em;margin:2px 0 0;white-space:nowrap}
.facts small{font-size:12px;font-weight:400;color:var(--soft);letter-spacing:0}
.grid{display:grid;gap:18px;margin:16px 0 8px}
.two{grid-template-columns:repeat(auto-fill,minmax(min(100%,480px),1fr))}
.three{grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr))}
.four{grid-template-columns:repeat(auto-fill,minmax(min(100%,248px),1fr))}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:14px 14px 8px;min-width:0}
figcaption{font-size:13px;color:var(--soft);margin:6px 2px 4px}
figcaption b{color:var(--ink);font-weight:600}
svg.chart{display:block;width:100%;height:auto;overflow:visible}
svg .tick{font-size:11px;fill:var(--soft)}
svg .axis{font-size:12px;fill:var(--ink);font-weight:600}
svg .unit{fill:var(--soft);font-weight:400}
svg .grid{stroke:var(--grid);stroke-width:1;fill:none}
svg .stroke{stroke:var(--soft);stroke-width:1;fill:none}
svg .line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
svg .own{stroke-width:2.8}
svg .thin{stroke-width:1;opacity:.55}
svg .dash{stroke-width:1.2;stroke-dasharray:3 4;opacity:.6}
svg .band{stroke:none;opacity:.16}
svg .bar{fill:none;stroke-width:1.1;opacity:.42}
svg .wide{stroke-width:2.2;opacity:.6;stroke-linecap:round}
svg .diagonal{fill:none;stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3}
svg .middle{fill:none;stroke:var(--soft);stroke-width:1;stroke-dasharray:1 3}
svg .outside{fill:var(--hatch)}
svg .run{fill:var(--ink);stroke:var(--card);stroke-width:1.2}
.line.s0,.bar.s0{stroke:var(--c0)}.line.s1,.bar.s1{stroke:var(--c1)}.line.s2,.bar.s2{stroke:var(--c2)}
.line.s3,.bar.s3{stroke:var(--c3)}.line.s4,.bar.s4{stroke:var(--c4)}.line.s5,.bar.s5{stroke:var(--c5)}
.band.s0,.dot.s0{fill:var(--c0)}.band.s1,.dot.s1{fill:var(--c1)}.band.s2,.dot.s2{fill:var(--c2)}
.band.s3,.dot.s3{fill:var(--c3)}.band.s4,.dot.s4{fill:var(--c4)}.band.s5,.dot.s5{fill:var(--c5)}
.dot.miss{fill:var(--bad)}.bar.miss{stroke:var(--bad);opacity:.7}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;margin:0 2px 8px;padding:0;list-style:none}
.legend i{display:inline-block;width:20px;height:3px;border-radius:2px;vertical-align:middle;margin-right:7px}
.legend .own{font-weight:600}.legend .own i{height:4px}
i.s0{background:var(--c0)}i.s1{background:var(--c1)}i.s2{background:var(--c2)}i.s3{background:var(--c3)}
i.s4{background:var(--c4)}i.s5{background:var(--c5)}i.bad{background:var(--bad)}
.bars{display:grid;grid-template-columns:fit-content(45%) 1fr max-content;gap:7px 12px;align-items:center;font-size:13px;
margin:8px 2px 6px}
.bars span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.bars div{background:var(--grid);border-radius:3px;height:12px}
.bars i{display:block;height:12px;border-radius:3px}
.bars em{font-style:normal;color:var(--soft);text-align:right}
.inner{margin:8px 0 6px}.inner td.text{white-space:normal}.inner td,.inner th{padding-left:6px;padding-right:6px}.inner th{white-space:normal;position:static;padding-top:4px}
figcaption span{white-space:nowrap;margin-right:14px}
.scroll{overflow:auto;max-height:640px;border:1px solid var(--rule);border-radius:6px;background:var(--card);margin-top:14px}
table{border-collapse:separate;border-spacing:0;font-size:12.5px;line-height:1.35;width:100%}
th{position:sticky;top:0;background:var(--card);text-align:right;font-weight:600;vertical-align:bottom;white-space:nowrap;
padding:10px 11px 7px;border-bottom:1px solid var(--rule)}
th small{display:block;font-weight:400;color:var(--soft)}
td{text-align:right;padding:5px 11px;border-bottom:1px solid var(--grid);white-space:nowrap;vertical-align:top}
tr:last-child td{border-bottom:0}
td.text,th.text{text-align:left}
td.words{text-align:left;white-space:normal;min-width:170px;max-width:340px;overflow-wrap:anywhere}
tr.bad td{background:var(--bad-tint)}
.wrong{color:var(--bad)}
footer{margin-top:64px;font-size:13px;color:var(--soft)}
code{font:12px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
@media (max-width:700px){main{padding:28px 16px 48px}h1{font-size:30px}h2{font-size:22px;margin-top:44px}}
@media print{.inner{margin:8px 0 6px}.inner td.text{white-space:normal}.inner td,.inner th{padding-left:6px;padding-right:6px}.inner th{white-space:normal;position:static;padding-top:4px}
figcaption span{white-space:nowrap;margin-right:14px}
.scroll{max-height:none;overflow:visible}figure{break-inside:avoid}body{background:#fff}}
)";

}  // namespace sonde::report
