// Stands in for photographs: a drawing by what the goods are called, on a colour
// by their department. A real shop has pictures and needs none of this.
import { el } from "./show.js";

// The first word that a name holds decides; then the category does.
const words = `
  winegums=sweets  hot dog buns,burger buns=bread  buttermilk=milk  coffee cream,sour cream,crème fraîche,whipping cream,cooking cream=cream
  coffee=coffee  tea bags=tea  seasoning=spice  salsa=jam  tortilla chips=snacks  guacamole=avocado  taco,tortilla=taco  ice cream,ice lollies=icecream  cream cheese=cheese  spreadable butter=butter
  peanut butter,jam,marmalade,honey,spread,pickled beetroot,pickled cucumbers,pesto=jam  butter,margarine=butter  egg noodles,coconut milk,curry paste=asian
  eggs=eggs  fruit purée,baby,formula,nappies,wet wipes=baby  cat food,cat litter,dog=pets  soy sauce,chilli sauce=asian  pasta sauce=pasta
  tuna,chickpeas,beans,sweetcorn,tomato paste,chopped tomatoes,mackerel in tomato=tin  bananas=banana  oranges,clementines,lemons,limes=citrus
  strawberries,raspberries,blueberries,grapes,berries=berries  tomatoes=tomato  cucumber=cucumber  potatoes=potato  avocados=avocado
  mushrooms=mushroom  onions,garlic=onion  peas=peas  basmati,jasmine,bulgur,couscous=rice  pizza=pizza  fish=fish
  sparkling water,tonic=water  wine=wine  peanuts,almonds=nuts  chocolate bar,chocolate slices,chocolate for baking,drinking chocolate,marzipan,cocoa=chocolate
  olive oil,olives,rapeseed oil,vinegar=oil  detergent,washing-up,softener,tablets=cleaning  candles,charcoal,lighter=candle  dip mix=sauce
`.trim().split(/\s{2,}/).map((rule) => rule.split("="))
  .flatMap(([names, glyph]) => names.split(",").map((name) => [name, glyph]));

// Category: drawing, colour.
const categories = {
  "Milk": "milk dairy", "Cream": "cream dairy", "Yoghurt": "yoghurt dairy", "Butter and spreads": "butter dairy", "Cheese": "cheese dairy", "Eggs": "eggs bread",
  "Bread": "bread bread", "Cakes": "cake bread", "Fruit": "fruit green", "Vegetables": "vegetables green", "Herbs": "herbs green",
  "Meat": "meat meat", "Poultry": "poultry meat", "Cold cuts": "coldcuts meat", "Sausages": "sausage meat", "Ready meals": "meal meat", "Fish": "fish fish",
  "Taco and tortilla": "taco world", "Asian": "asian world", "Pizza": "pizza world", "Pasta and rice": "pasta world", "Tinned food": "tin dry", "Baking": "baking dry",
  "Breakfast": "breakfast dry", "Sauces": "sauce meat", "Oils and spices": "spice dry", "Juice": "juice drink", "Coffee and tea": "coffee dry", "Soft drinks": "soda drink",
  "Beer and wine": "beer drink", "Snacks": "snacks sweet", "Sweets": "sweets sweet", "Frozen": "frozen cold", "Plant food": "plant green",
  "Household": "household home", "Personal care": "care care", "Baby": "baby care", "Pets": "pets bread",
};
const tints = Object.fromEntries(Object.values(categories).map((pair) => pair.split(" ")));
Object.assign(tints, {
  banana: "bread", citrus: "world", berries: "sweet", tomato: "meat", cucumber: "green", potato: "dry", avocado: "green", mushroom: "dry", onion: "dry", peas: "green",
  tea: "green", chocolate: "sweet", icecream: "sweet", jam: "sweet", rice: "dry", water: "cold", wine: "drink", nuts: "dry", oil: "green", cleaning: "home", candle: "bread", basket: "dry",
});

/** Drawing and colour for a product's or an offer's name and category. */
export function drawingOf(name = "", category) {
  const text = name.split(", ")[0].toLowerCase(); // what follows is the kind and the size
  const offered = category ?? Object.keys(categories).find((one) => name.endsWith(`all of ${one}`));
  const glyph = (!name.includes("% off") && words.find(([word]) => text.includes(word))?.[1])
    || categories[offered]?.split(" ")[0] || guess(text) || "basket";
  return { glyph, tint: tints[glyph] ?? "dry", src: `/demo/glyphs/${glyph}.svg` };
}

// Offers name goods but no category: the words that are left, most telling first.
const rest = {
  "rye bread,toast,loaf,rolls,crispbread,buns,pita": "bread", "pastries,muffins,cake,biscuits": "cake", "skyr,yoghurt,ymer,koldskål": "yoghurt", "milk,oat drink,soya drink": "milk",
  "cheese,mozzarella,parmesan,feta,brie": "cheese", "minced,pork,beef,steaks": "meat", "chicken": "poultry", "bacon,ham,salami,pepperoni,pâté,turkey": "coldcuts", "frankfurters,sausages": "sausage",
  "meatballs,falafel": "meal", "salmon,cod,prawns,herring": "fish", "sushi,nori,rice vinegar,wasabi,ginger": "asian", "spaghetti,penne,lasagne": "pasta", "flour,sugar,yeast,baking": "baking",
  "oats,muesli,granola,flakes": "breakfast", "juice,cordial": "juice", "cola,soda,drink": "soda", "lager,ipa,cider": "beer", "crisps,chips,popcorn": "snacks", "winegums,liquorice,mix,gum": "sweets",
  "ketchup,mustard,remoulade,mayonnaise,sauce,coleslaw": "sauce", "salt,pepper,curry,paprika,masala,cinnamon,cardamom": "spice", "frozen": "frozen", "tofu,hummus,plant": "plant",
  "paper,roll,bags": "household", "tooth,shampoo,soap,gel,deodorant": "care", "apples,pears,mango,kiwi": "fruit", "basil,parsley,dill,coriander,thyme": "herbs",
  "carrots,peppers,broccoli,cauliflower,cabbage,lettuce,spinach,rocket,leeks,beetroot,courgette,corn": "vegetables",
};
const guess = (text) => Object.entries(rest).find(([names]) => names.split(",").some((one) => text.includes(one)))?.[1];

/** The tile that is shown for goods. It says nothing that the name beside it does not. */
export function picture(values = {}) {
  const { src, tint } = drawingOf(values.name, values.category);
  return el("span", { class: `tile tint-${tint}` }, el("img", { src, alt: "", width: 96, height: 96, loading: "lazy" }));
}

/** All departments, for the shop's shelves. */
export const departments = Object.keys(categories);
