"""How a document looks on the screen and on paper."""

from __future__ import annotations

from mih_impact.reporting.document import Document
from mih_impact.reporting.words import PAGE

__all__ = ["CSS", "page_rules"]

# The accent is the participants' blue, dark enough for text.
CSS = """
:root{--ink:#1d1d1f;--soft:#55585c;--accent:#0b4f7d;--line:#c9ced3;--wash:#eef4f8;--warn:#fbf5e6;
color-scheme:light}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:#fff;color:var(--ink);
font:1.0625rem/1.5 "Libertinus Serif",Charter,Cambria,Caladea,Georgia,"Times New Roman",serif;
font-variant-numeric:lining-nums;overflow-wrap:break-word}
main,footer{max-width:47rem;margin:0 auto;padding:0 1.25rem}
main{padding-top:2.5rem;padding-bottom:2rem}
header{border-bottom:2px solid var(--accent);margin-bottom:1.1rem;padding-bottom:.7rem}
h1{font-size:1.85em;line-height:1.15;margin:0;color:var(--accent);text-wrap:balance}
.subtitle{font-size:1.08em;margin:.3em 0 0;color:var(--soft)}
h2{font-size:1.2em;line-height:1.25;margin:1.35em 0 .3em;color:var(--accent)}
h3{font-size:1.03em;line-height:1.25;margin:1em 0 .2em}
h2,h3{break-after:avoid}
p{margin:0 0 .6em;orphans:2;widows:2}
ul,ol{margin:0 0 .7em;padding-left:1.25em}
li{margin:0 0 .22em}
dl,dd{margin:0}
.meta{display:flex;flex-wrap:wrap;gap:.1em 1.6em;margin-top:.55em;font-size:.9em}
.meta div{display:flex;gap:.4em}
.meta dt{color:var(--soft)}
aside{border-left:4px solid var(--accent);background:var(--wash);padding:.7em .95em .75em;
margin:.9em 0;break-inside:avoid}
aside p{margin:0}
aside .name{font-weight:700;color:var(--accent);font-size:.92em;margin-bottom:.15em}
aside.answer p:last-child{font-size:1.06em}
aside.caution{border-color:#b97f00;background:var(--warn)}
aside.caution .name{color:#6b4a00}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(11rem,100%),1fr));
gap:.8em 1.6em;margin:1em 0;break-inside:avoid}
.facts div{display:flex;flex-direction:column-reverse;justify-content:flex-end;
border-top:1px solid var(--line);padding-top:.35em}
.facts dd{font-size:1.55em;line-height:1.15;font-weight:700;color:var(--accent)}
.facts dt{font-size:.88em;line-height:1.3;color:var(--soft)}
figure{margin:1.1em 0;break-inside:avoid}
figcaption,caption{font-weight:700;font-size:.92em;line-height:1.3;text-align:left;
caption-side:top;padding:0 0 .3em}
.label{color:var(--accent)}
figure svg{display:block;width:100%;height:auto}
.beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(19rem,100%),1fr));gap:0 1.6em;
break-inside:avoid}
.beside figure{margin:.8em 0;display:flex;flex-direction:column}
.beside figure svg{margin-top:auto}
.note{font-size:.82em;line-height:1.35;color:var(--soft);margin:.35em 0 0}
.table{overflow-x:auto;margin:1.1em 0;break-inside:avoid}
table{border-collapse:collapse;width:100%;font-size:.92em;line-height:1.3}
th,td{text-align:left;vertical-align:baseline;font-weight:400;padding:.24em 1.3em .24em 0;
border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{font-weight:700;vertical-align:bottom;border-top:1.5px solid var(--ink);
border-bottom:1px solid var(--ink)}
tbody tr:last-child>*{border-bottom:1.5px solid var(--ink)}
.sum>*{border-top:1px solid var(--ink)}
.num{text-align:right;width:1%;white-space:nowrap;font-variant-numeric:lining-nums tabular-nums}
.sources{font-size:.86em;line-height:1.38}
.sources h2{font-size:1.15em}
.sources a{overflow-wrap:anywhere}
a{color:var(--accent)}
a:focus-visible,.table:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.number{color:inherit;text-decoration:underline dotted var(--soft) 1px;text-underline-offset:.2em}
.cite{font-size:.7em;line-height:0;vertical-align:super}
.cite a{text-decoration:none}
.annex{font-size:.86em;margin-top:2.4em;border-top:1px solid var(--line)}
.annex .table{break-inside:auto}
tr:target,li:target{background:var(--warn)}
footer{font-size:.82em;color:var(--soft);padding-bottom:2rem}
@media print{
body{font-size:9.7pt;line-height:1.33}
main,footer{max-width:none;padding:0}
header{margin-bottom:.7em;padding-bottom:.45em}
h1{font-size:1.75em}
h2{margin:.85em 0 .12em}
p{margin-bottom:.42em}
aside{padding:.45em .8em .5em;margin:.55em 0;-webkit-print-color-adjust:exact;
print-color-adjust:exact}
.facts{grid-template-columns:repeat(3,1fr);margin:.6em 0}
figure,.table{margin:.7em 0;overflow:visible}
.beside{grid-template-columns:1fr 1fr}
.beside figure{margin:.4em 0}
th,td{padding-top:.16em;padding-bottom:.16em}
ul,ol{margin-bottom:.45em}
li{margin-bottom:.1em}
.number{text-decoration:none}
a{color:inherit;text-decoration:none}
.annex,footer{display:none}
}
"""


def page_rules(document: Document) -> str:
    """Return the rules of the printed page: A4, the footer and the page number beneath."""
    page = PAGE.text(document.lang)
    style = "font:8pt/1.2 Charter,Cambria,Caladea,Georgia,serif;color:#55585c"
    return (
        "@page{size:A4;margin:16mm 20mm 17mm;"
        f'@bottom-left{{content:"{_css(document.footer)}";{style};white-space:nowrap}}'
        f'@bottom-right{{content:"{_css(page)} " counter(page);{style}}}}}\n'
    )


def _css(text: str) -> str:
    """Return a text as it stands in a CSS string; no text can leave the string or the element."""
    return "".join(
        sign if sign.isalnum() or sign in " .,:;()-–%" else f"\\{ord(sign):x} " for sign in text
    )
