// Makes a mail of an answer of POST /v1/members/{id}/offers: tables and inline
// styles, as mail programs want it, and no scripts. It runs anywhere, also where
// a mailing is made for everybody. Drawings stand for the offers' own pictures.
import { drawingOf } from "./picture.js";
import { named, until } from "./show.js";

/** How many of a list's offers a mail shows: one large, the others in pairs. */
export const shown = 9;

const chains = {
  torvehal: { name: "Torvehal", brand: "#0f5c43", tint: "#dcebe2" },
  kvarter: { name: "Kvarter", brand: "#7a2350", tint: "#f1dfe8" },
  fjordmart: { name: "Fjordmart", brand: "#154f8c", tint: "#dbe7f3" },
};
const tints = {
  dairy: "#dbe9f5", bread: "#f6e7cb", green: "#deeeca", meat: "#f7dcd6", fish: "#d3ecef", world: "#fbe6c0",
  dry: "#eee7d6", drink: "#e2e6f6", sweet: "#fae0ea", cold: "#dcf0fa", home: "#e6e8ea", care: "#e9e1f3",
};
const font = "font-family:Arial,Helvetica,sans-serif;";

const safe = (text = "") => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/**
 * Gives { subject, from, html, text } for a member. base is where links and
 * pictures lead: a mail has no page that they could be relative to.
 */
export function mail({ member, chain, answer, base }) {
  const shop = chains[chain] ?? chains.torvehal;
  const all = answer.recomms, [first, ...others] = all.slice(0, shown);
  const link = (offer) => `${base}/demo/shop?${new URLSearchParams({ list: answer.recommId, offer, member })}`;
  const subject = first ? `${named(first.values).name} and ${all.length - 1} more offers for you` : "";
  return {
    subject,
    from: `${shop.name} <offers@${shop.name.toLowerCase()}.example>`,
    html: first && letter({ shop, subject, base, first, others, all, link }),
    text: all.slice(0, shown).map(({ values, id }) => `${values.name}${values.memberPrice ? `: ${values.memberPrice.toFixed(2)} kr.` : ""}\n${link(id)}`).join("\n\n"),
  };
}

function letter({ shop, subject, base, first, others, all, link }) {
  const rows = [];
  for (let i = 0; i + 1 < others.length; i += 2) rows.push(pair(others.slice(i, i + 2), { base, link }));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${safe(subject)}</title>
<style>
@media (max-width:480px){.half{display:block!important;width:auto!important;margin:0 0 12px!important}.gap{display:none!important}.big{font-size:26px!important}.side{display:block!important;width:auto!important;padding:12px 0 0!important}}
@media (prefers-color-scheme:dark){.page{background:#111815!important}.card{background:#1a2320!important}.ink{color:#eef2ee!important}.soft{color:#a3b2ab!important}.save{color:#ff9a8f!important}}
</style></head>
<body class="page" style="margin:0;padding:0;background:#f6f4ee;">
<div style="display:none;max-height:0;overflow:hidden;">${safe(first.explanation ?? first.reason?.[0])}</div>
<table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f6f4ee;"><tr><td align="center" style="padding:16px 12px;">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" style="width:100%;max-width:600px;">
<tr><td style="padding:20px 24px;background:${shop.brand};border-radius:16px 16px 0 0;${font}font-size:28px;font-weight:bold;letter-spacing:-1px;color:#ffffff;">${shop.name}</td></tr>
<tr><td class="card" style="padding:24px;background:#fffefb;border-radius:0 0 16px 16px;">${hero(first, { shop, base, link })}</td></tr>
<tr><td style="padding:12px 0 0;"><table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">${rows.join("")}</table></td></tr>
<tr><td align="center" style="padding:16px 24px 8px;">${button(link(""), `See all ${all.length} offers`, shop)}</td></tr>
<tr><td class="soft" align="center" style="padding:16px 24px 24px;${font}font-size:13px;line-height:20px;color:#5b6a64;">
You get this because you asked for our newsletter. The offers were chosen by what you buy.<br>
<a class="soft" href="${base}/demo/newsletter" target="_blank" style="color:#5b6a64;">Stop the newsletter</a> &nbsp;·&nbsp; <a class="soft" href="${base}/demo/shop" target="_blank" style="color:#5b6a64;">What we know of you</a><br>
${shop.name}, an invented grocer</td></tr>
</table></td></tr></table></body></html>`;
}

/** The first offer, large. */
function hero(item, { shop, base, link }) {
  const { name, rest } = named(item.values, item.id);
  return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>
<td class="side" width="230" valign="middle" style="width:230px;">${drawing(item.values, base, 120, 190)}</td>
<td class="side" valign="middle" style="padding:12px 0 0 20px;${font}">
<p class="soft" style="margin:0 0 6px;font-size:13px;line-height:18px;color:#5b6a64;">First for you</p>
<h1 class="ink big" style="margin:0;font-size:30px;line-height:34px;color:#1b2a26;">${safe(name)}</h1>
<p class="soft" style="margin:6px 0 0;font-size:15px;line-height:21px;color:#5b6a64;">${safe(rest)}</p>
${prices(item.values, 34)}
<p class="soft" style="margin:8px 0 16px;font-size:14px;line-height:20px;color:#5b6a64;">${reason(item)}</p>
${button(link(item.id), "Activate", shop)}</td></tr></table>`;
}

/** Two offers beside each other; on a phone, below. */
function pair(items, { base, link }) {
  const cells = items.map((item) => {
    const { name, rest } = named(item.values, item.id);
    return `<td class="half card" width="49%" valign="top" bgcolor="#fffefb" style="width:49%;padding:14px;background:#fffefb;border-radius:16px;${font}">
${drawing(item.values, base, 72, 104)}
<h2 class="ink" style="margin:12px 0 0;font-size:18px;line-height:22px;color:#1b2a26;"><a class="ink" href="${safe(link(item.id))}" target="_blank" style="color:#1b2a26;text-decoration:none;">${safe(name)}</a></h2>
${rest && `<p class="soft" style="margin:3px 0 0;font-size:13px;line-height:18px;color:#5b6a64;">${safe(rest)}</p>`}
${prices(item.values, 24)}
<p class="soft" style="margin:6px 0 0;font-size:13px;line-height:18px;color:#5b6a64;">${reason(item)}</p></td>`;
  });
  return `<tr>${cells.join('<td class="gap" width="2%" style="width:2%;font-size:0;">&nbsp;</td>')}</tr><tr><td class="gap" colspan="3" height="12" style="height:12px;font-size:0;line-height:12px;">&nbsp;</td></tr>`;
}

const drawing = (values, base, size, height) => {
  const { src, tint } = drawingOf(values.name, values.category);
  return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center" valign="middle" height="${height}" bgcolor="${tints[tint]}" style="height:${height}px;background:${tints[tint]};border-radius:12px;"><img src="${base}${src}" width="${size}" height="${size}" alt="" style="display:block;border:0;"></td></tr></table>`;
};

function prices({ name, price, memberPrice, validThrough }, size) {
  const now = memberPrice ?? price, share = /^(\d+)% off/.exec(name)?.[1];
  const text = now !== undefined ? now.toFixed(2) : share && `&minus;${share}%`;
  const tag = text ? `<span style="padding:1px 7px;border-radius:6px;background:#ffd53d;color:#231a00;font-size:${size}px;line-height:${size + 8}px;font-weight:bold;">${text}</span>` : "";
  const less = memberPrice !== undefined && price > memberPrice
    ? ` &nbsp;<s class="soft" style="color:#5b6a64;font-size:14px;">${price.toFixed(2)}</s> <b class="save" style="color:#b3201c;font-size:14px;">save ${(price - memberPrice).toFixed(2)}</b>` : "";
  const ends = until(validThrough);
  return (tag && `<p style="margin:10px 0 0;line-height:${size + 8}px;">${tag}${less}</p>`)
    + (ends ? `<p class="soft" style="margin:4px 0 0;font-size:13px;line-height:18px;color:#5b6a64;">${ends}</p>` : "");
}

const reason = ({ reason }) => {
  const text = reason?.[0] ?? "";
  return safe(text && text !== "popular" ? text[0].toUpperCase() + text.slice(1) : "Many customers choose it");
};

const button = (href, text, { brand }) =>
  `<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td bgcolor="${brand}" style="background:${brand};border-radius:24px;"><a href="${safe(href)}" target="_blank" style="display:inline-block;padding:12px 24px;${font}font-size:16px;font-weight:bold;color:#ffffff;text-decoration:none;">${safe(text)}</a></td></tr></table>`;
