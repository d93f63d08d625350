package gen

// goodsTable lists what a grocer sells, one base good a line:
//
//	name; category; brands; price; weight; days; flags; variants; sizes
//
// The price is in DKK for the first variant in the first size. The weight is
// how often the good lands in a basket, relative to the others. Days is how
// often a household that keeps it buys it; 0 says that nobody keeps it. Flags:
// b only where there is a baby, p only where there is a pet, m is meat or fish,
// t may become a craze. A variant "-" is the plain one. Names, chains and brands
// are invented.
const goodsTable = `
milk; Milk; dairy; 12.95; 60; 3; ; semi-skimmed/skimmed/whole/mini 0.4%/organic/lactose-free; 1 l/500 ml/1.75 l
buttermilk; Milk; dairy; 11.95; 6; 8; ; -/organic; 1 l/500 ml
chocolate milk; Milk; dairy; 9.95; 8; 0; t; -/dark/low-sugar; 500 ml/250 ml/1 l
oat drink; Milk; plant; 17.95; 12; 6; t; original/barista/calcium/organic; 1 l/500 ml
soya drink; Milk; plant; 16.95; 5; 8; ; unsweetened/vanilla; 1 l
whipping cream; Cream; dairy; 16.95; 14; 0; ; 38%/organic/lactose-free; 250 ml/500 ml
cooking cream; Cream; dairy; 11.95; 10; 12; ; 8%/15%/organic; 250 ml/500 ml
coffee cream; Cream; dairy; 9.95; 8; 10; ; 9%/lactose-free; 250 ml/100 ml
sour cream; Cream; dairy; 10.95; 13; 0; ; 18%/9%/38%/organic; 200 ml/300 ml
crème fraîche; Cream; dairy; 12.95; 9; 14; ; 18%/38%/with herbs; 200 ml/500 ml
skyr; Yoghurt; dairy; 19.95; 22; 5; t; natural/vanilla/blueberry/rhubarb/raspberry/lime; 1 kg/450 g/150 g
yoghurt; Yoghurt; dairy; 18.95; 18; 6; ; natural/strawberry/vanilla/peach/forest berries/elderflower; 1 l/500 g
Greek yoghurt; Yoghurt; dairy; 21.95; 9; 8; ; 10%/2%/honey; 500 g/1 kg
ymer; Yoghurt; dairy; 14.95; 5; 8; ; -/organic; 1 l
koldskål; Yoghurt; dairy; 18.95; 4; 0; t; vanilla/strawberry; 1 l
butter; Butter and spreads; dairy; 24.95; 30; 9; ; salted/unsalted/organic/lactose-free; 200 g/250 g/500 g
spreadable butter; Butter and spreads; dairy; 22.95; 18; 10; ; original/light/organic/with sea salt; 250 g/400 g
margarine; Butter and spreads; plant; 12.95; 8; 18; ; for baking/liquid; 500 g/250 g
sliced cheese; Cheese; dairy; 34.95; 22; 8; ; mild/medium/mature/light/with caraway/organic; 200 g/400 g/700 g
Danbo cheese; Cheese; dairy; 49.95; 10; 14; ; 45+ mild/45+ mature/30+ light/extra aged; 500 g/800 g
grated cheese; Cheese; dairy; 23.95; 16; 14; ; mozzarella/cheddar mix/pizza mix/gratin; 200 g/400 g/1 kg
mozzarella; Cheese; italian; 14.95; 14; 0; ; -/buffalo/mini/organic; 125 g/250 g
parmesan; Cheese; italian; 34.95; 10; 25; ; wedge/grated/shaved; 150 g/100 g/250 g
feta; Cheese; dairy; 18.95; 11; 16; ; cubes/block/organic/in oil; 200 g/150 g/400 g
cream cheese; Cheese; dairy; 17.95; 12; 14; ; natural/chives/garlic and herbs/horseradish/light; 200 g/300 g
Danish blue cheese; Cheese; dairy; 22.95; 5; 0; ; 50+/60+/creamy; 150 g/100 g
brie; Cheese; dairy; 19.95; 7; 0; ; 60+/truffle/organic; 200 g/150 g
cottage cheese; Cheese; dairy; 15.95; 10; 8; ; 4%/1.5%/with chives; 250 g/450 g
eggs; Eggs; farm; 27.95; 32; 9; ; free-range/barn/organic/extra large; 10 pcs/6 pcs/15 pcs
rye bread; Bread; bakery; 22.95; 28; 5; ; seeded/dark/wholegrain/sunflower/sourdough/organic; 500 g/1 kg/800 g
toast bread; Bread; bakery; 15.95; 16; 7; ; white/wholegrain/organic/brioche; 500 g/750 g
wholegrain loaf; Bread; bakery; 24.95; 10; 6; ; -/with carrot/spelt/oat; 600 g/800 g
sourdough loaf; Bread; bakery; 32.95; 8; 8; t; wheat/olive/walnut; 600 g/900 g
bread rolls; Bread; bakery; 16.95; 18; 0; ; wheat/poppy seed/wholegrain/grovboller; 6 pcs/4 pcs/10 pcs
crispbread; Bread; bakery; 17.95; 8; 20; ; rye/sesame/sea salt/wholegrain; 250 g/300 g
burger buns; Bread; bakery; 16.95; 12; 0; ; sesame/brioche/potato/wholegrain; 4 pcs/6 pcs
hot dog buns; Bread; bakery; 13.95; 10; 0; ; classic/French/wholegrain; 6 pcs/8 pcs
pita bread; Bread; bakery; 13.95; 6; 0; ; white/wholegrain; 6 pcs/5 pcs
cinnamon buns; Cakes; bakery; 22.95; 12; 0; t; -/with icing/cardamom; 4 pcs/6 pcs
Danish pastries; Cakes; bakery; 24.95; 8; 0; ; custard/remoncé/apple/raspberry; 2 pcs/4 pcs
muffins; Cakes; bakery; 21.95; 7; 0; ; chocolate/blueberry/lemon; 4 pcs/6 pcs
dream cake; Cakes; bakery; 32.95; 5; 0; ; coconut/caramel; 450 g/700 g
layer cake bases; Cakes; bakery; 19.95; 4; 0; ; vanilla/cocoa; 3 pcs
bananas; Fruit; none; 2.5; 70; 4; ; -/organic/fair trade; 1 pcs/6 pcs/8 pcs
apples; Fruit; none; 18.95; 30; 6; ; Royal Gala/Ingrid Marie/Pink Lady/Elstar/Belle de Boskoop; 1 kg/6 pcs/1.5 kg
pears; Fruit; none; 19.95; 14; 10; ; Conference/Clara Frijs/organic; 1 kg/6 pcs
oranges; Fruit; none; 19.95; 14; 9; ; -/for juice/organic; 1 kg/2 kg
clementines; Fruit; none; 19.95; 12; 0; t; -/organic/with leaf; 1 kg/750 g
lemons; Fruit; none; 4; 18; 12; ; -/organic; 1 pcs/4 pcs
limes; Fruit; none; 4.5; 12; 0; ; -/organic; 1 pcs/4 pcs
grapes; Fruit; none; 19.95; 16; 9; ; red seedless/green seedless/black; 500 g/1 kg
strawberries; Fruit; none; 24.95; 12; 0; t; Danish/Spanish/organic; 400 g/250 g
blueberries; Fruit; none; 22.95; 12; 8; ; -/organic/wild; 125 g/250 g/500 g
raspberries; Fruit; none; 22.95; 7; 0; ; -/organic; 125 g/250 g
avocados; Fruit; none; 9; 22; 7; ; ripe/organic/snack size; 1 pcs/2 pcs/4 pcs
mango; Fruit; none; 12.95; 7; 0; ; ready to eat/Kent; 1 pcs/2 pcs
kiwi fruit; Fruit; none; 3.5; 7; 0; ; green/gold/organic; 1 pcs/6 pcs
cucumber; Vegetables; none; 9.95; 36; 5; ; -/organic/snack; 1 pcs/250 g
tomatoes; Vegetables; none; 16.95; 32; 6; ; on the vine/cherry/plum/beef/organic; 500 g/250 g/1 kg
carrots; Vegetables; none; 12.95; 28; 8; ; -/organic/snack/with tops; 1 kg/500 g/2 kg
potatoes; Vegetables; none; 19.95; 24; 9; ; new/baking/Asparges/organic/firm; 1 kg/2 kg/1.5 kg
sweet potatoes; Vegetables; none; 22.95; 8; 0; ; -/organic; 1 kg/500 g
onions; Vegetables; none; 10.95; 24; 12; ; yellow/red/organic/shallots; 1 kg/500 g
garlic; Vegetables; none; 8.95; 16; 18; ; -/organic/solo; 100 g/250 g
spring onions; Vegetables; none; 9.95; 10; 0; ; -/organic; 1 bunch
ginger; Vegetables; none; 7.95; 8; 0; ; -/organic; 150 g/250 g
bell peppers; Vegetables; none; 8.95; 24; 7; ; red/mixed/yellow/organic/snack; 1 pcs/3 pcs/500 g
broccoli; Vegetables; none; 13.95; 17; 9; ; -/organic/florets; 1 pcs/500 g
cauliflower; Vegetables; none; 18.95; 9; 0; ; -/organic; 1 pcs
white cabbage; Vegetables; none; 15.95; 6; 0; ; -/pointed/red; 1 pcs
mushrooms; Vegetables; none; 13.95; 15; 9; ; white/brown/portobello/organic; 250 g/400 g
iceberg lettuce; Vegetables; none; 12.95; 16; 0; ; -/organic/romaine; 1 pcs/2 pcs
baby spinach; Vegetables; none; 16.95; 13; 8; ; -/organic; 100 g/200 g/500 g
rocket; Vegetables; none; 13.95; 8; 0; ; -/organic; 65 g/125 g
leeks; Vegetables; none; 14.95; 8; 0; ; -/organic; 500 g
beetroot; Vegetables; none; 14.95; 5; 0; ; raw/cooked/organic; 500 g/1 kg
courgette; Vegetables; none; 9.95; 9; 0; ; -/organic; 1 pcs/500 g
corn on the cob; Vegetables; none; 14.95; 7; 0; ; -/organic; 2 pcs/4 pcs
fresh basil; Herbs; none; 15.95; 9; 0; ; in pot/cut/organic; 1 pcs
fresh parsley; Herbs; none; 15.95; 7; 0; ; curly/flat/organic; 1 pcs
fresh dill; Herbs; none; 15.95; 5; 0; ; -/organic; 1 pcs
fresh coriander; Herbs; none; 15.95; 7; 0; ; -/organic; 1 pcs
fresh thyme; Herbs; none; 15.95; 4; 0; ; -/organic; 1 pcs
minced beef; Meat; meat; 44.95; 26; 7; m; 8-12%/4-7%/14-18%/organic; 500 g/400 g/1 kg
minced pork and veal; Meat; meat; 36.95; 9; 0; m; 8-12%/4-7%; 500 g/1 kg
pork chops; Meat; meat; 49.95; 7; 0; m; bone-in/boneless; 500 g/800 g
pork neck steaks; Meat; meat; 46.95; 6; 0; m; plain/marinated/paprika; 600 g/1 kg
pork roast with crackling; Meat; meat; 79.95; 4; 0; m; -/organic; 1.5 kg/2 kg
beef steaks; Meat; meat; 69.95; 6; 0; m; sirloin/ribeye/minute; 300 g/500 g
chicken breast; Poultry; meat; 59.95; 20; 8; m; fillets/strips/organic/inner fillets; 500 g/750 g/1 kg
whole chicken; Poultry; meat; 54.95; 7; 0; m; -/organic/corn-fed; 1.2 kg/1.5 kg
chicken thighs; Poultry; meat; 44.95; 7; 0; m; -/boneless/marinated; 600 g/1 kg
bacon; Cold cuts; meat; 19.95; 15; 12; m; sliced/smoked/diced/thick-cut; 150 g/300 g
sliced ham; Cold cuts; meat; 16.95; 17; 6; m; cooked/smoked/honey/organic; 100 g/150 g/200 g
salami; Cold cuts; meat; 15.95; 13; 8; m; Danish/pepper/garlic/light; 100 g/150 g
pepperoni; Cold cuts; italian; 15.95; 8; 0; m; sliced/spicy; 80 g/150 g
liver pâté; Cold cuts; meat; 17.95; 15; 7; m; baked/with bacon/light/organic; 250 g/500 g/200 g
rolled pork; Cold cuts; meat; 14.95; 5; 10; m; -/with herbs; 100 g/150 g
turkey slices; Cold cuts; meat; 17.95; 9; 8; m; smoked/natural/pepper; 100 g/150 g
frankfurters; Sausages; meat; 24.95; 11; 0; m; red/smoked/chicken/organic; 500 g/375 g
grill sausages; Sausages; meat; 29.95; 8; 0; m; bratwurst/cheese/merguez/garlic; 400 g/600 g
meatballs; Ready meals; meat; 29.95; 8; 0; m; Danish/Swedish/chicken; 400 g/800 g
salmon fillet; Fish; fish; 59.95; 15; 10; m; skin-on/skinless/sashimi grade; 250 g/400 g/125 g
smoked salmon; Fish; fish; 39.95; 9; 0; m; sliced/hot-smoked/gravad; 100 g/200 g
cod fillet; Fish; fish; 64.95; 6; 0; m; fresh/loin; 300 g/400 g
fish cakes; Fish; fish; 29.95; 8; 12; m; classic/with dill/salmon; 300 g/500 g
prawns; Fish; fish; 34.95; 9; 0; m; cooked/in brine/tiger; 200 g/400 g
pickled herring; Fish; fish; 24.95; 7; 14; m; marinated/curry/spiced/mustard; 250 g/500 g
mackerel in tomato; Fish; fish; 13.95; 11; 9; m; -/chilli/organic; 125 g/170 g
tuna; Fish; fish; 14.95; 12; 12; m; in water/in oil/with chilli; 185 g/140 g/400 g
cod roe; Fish; fish; 17.95; 3; 0; m; -/smoked; 200 g
taco shells; Taco and tortilla; mexican; 17.95; 8; 0; ; crispy/boats/blue corn/mini; 12 pcs/18 pcs/8 pcs
tortilla wraps; Taco and tortilla; mexican; 16.95; 12; 14; ; wheat/wholegrain/corn/gluten-free; 8 pcs/6 pcs/12 pcs
taco seasoning; Taco and tortilla; mexican; 8.95; 8; 0; ; mild/hot/smoky; 30 g/60 g
taco salsa; Taco and tortilla; mexican; 15.95; 8; 0; ; mild/medium/hot/chunky; 230 g/400 g
tortilla chips; Taco and tortilla; mexican; 16.95; 10; 0; ; salted/chilli/cheese/lime; 185 g/450 g
guacamole; Taco and tortilla; mexican; 22.95; 5; 0; ; mild/spicy; 200 g/150 g
sweetcorn; Tinned food; pantry; 8.95; 11; 0; ; -/no added sugar/organic; 150 g/340 g/3 × 150 g
sushi rice; Asian; asian; 22.95; 5; 0; ; short grain/organic; 500 g/1 kg
nori sheets; Asian; asian; 24.95; 4; 0; ; roasted/half-cut; 7 pcs/10 pcs
rice vinegar; Asian; asian; 19.95; 4; 0; ; -/seasoned; 150 ml/300 ml
soy sauce; Asian; asian; 21.95; 9; 40; ; dark/light/low-salt/organic; 150 ml/250 ml/500 ml
wasabi; Asian; asian; 19.95; 3; 0; ; paste/powder; 43 g/30 g
pickled ginger; Asian; asian; 21.95; 3; 0; ; white/pink; 190 g/100 g
coconut milk; Asian; asian; 12.95; 10; 0; ; -/light/organic; 400 ml/250 ml
curry paste; Asian; asian; 16.95; 6; 0; ; red/green/yellow/massaman; 110 g/200 g
egg noodles; Asian; asian; 13.95; 8; 0; ; medium/thin/wholegrain; 250 g/500 g
sweet chilli sauce; Asian; asian; 19.95; 6; 0; ; -/extra hot; 300 ml/700 ml
spaghetti; Pasta and rice; italian; 12.95; 16; 14; ; -/wholegrain/organic/gluten-free; 500 g/1 kg
penne; Pasta and rice; italian; 12.95; 13; 16; ; -/wholegrain/organic; 500 g/1 kg
lasagne sheets; Pasta and rice; italian; 14.95; 6; 0; ; dry/fresh/wholegrain; 250 g/500 g
fresh pasta; Pasta and rice; italian; 24.95; 9; 0; ; tagliatelle/ravioli ricotta/tortellini; 250 g/500 g
jasmine rice; Pasta and rice; pantry; 22.95; 11; 25; ; -/organic; 1 kg/500 g/2 kg
basmati rice; Pasta and rice; pantry; 24.95; 8; 25; ; -/wholegrain; 1 kg/500 g
bulgur; Pasta and rice; pantry; 17.95; 4; 0; ; -/organic; 500 g
couscous; Pasta and rice; pantry; 16.95; 5; 0; ; -/wholegrain; 500 g
chopped tomatoes; Tinned food; italian; 8.95; 20; 12; ; -/organic/with garlic/with basil; 400 g/4 × 400 g
tomato paste; Tinned food; italian; 6.95; 10; 0; ; -/organic; 70 g/140 g/200 g
pasta sauce; Tinned food; italian; 22.95; 10; 0; ; basil/arrabbiata/ricotta/garlic; 400 g/500 g
pesto; Tinned food; italian; 19.95; 9; 20; ; green/red/vegan; 190 g/130 g
chickpeas; Tinned food; pantry; 8.95; 9; 0; ; -/organic; 400 g/240 g
kidney beans; Tinned food; pantry; 8.95; 8; 0; ; -/organic/in chilli sauce; 400 g/240 g
black beans; Tinned food; pantry; 9.95; 6; 0; ; -/organic; 400 g
olives; Tinned food; italian; 18.95; 7; 0; ; green/kalamata/with garlic; 200 g/350 g
stock cubes; Tinned food; pantry; 14.95; 8; 40; ; chicken/beef/vegetable; 10 pcs/20 pcs
pizza dough; Pizza; italian; 17.95; 7; 0; ; fresh/sourdough/wholegrain; 400 g/600 g
pizza sauce; Pizza; italian; 12.95; 6; 0; ; classic/with oregano/organic; 200 g/400 g
frozen pizza; Pizza; frozen; 29.95; 12; 10; ; margherita/pepperoni/ham/four cheese/vegetable; 330 g/350 g/3 × 330 g
wheat flour; Baking; mill; 14.95; 15; 25; ; -/organic/tipo 00/manitoba; 2 kg/1 kg
rye flour; Baking; mill; 16.95; 3; 0; ; wholegrain/organic; 1 kg/2 kg
sugar; Baking; mill; 13.95; 13; 40; ; granulated/organic/cane; 1 kg/2 kg
brown sugar; Baking; mill; 12.95; 4; 0; ; dark/light; 500 g
icing sugar; Baking; mill; 11.95; 6; 0; ; -/organic; 500 g/250 g
baking powder; Baking; mill; 9.95; 6; 0; ; -/organic; 100 g/200 g
vanilla sugar; Baking; mill; 12.95; 6; 0; ; -/Bourbon; 100 g/50 g
fresh yeast; Baking; mill; 2.5; 9; 0; ; -/organic; 50 g/2 × 50 g
dark chocolate for baking; Baking; sweets; 19.95; 7; 0; ; 55%/70%/milk; 200 g/100 g
marzipan; Baking; sweets; 32.95; 5; 0; ; 60%/raw; 200 g/400 g
cocoa powder; Baking; mill; 22.95; 4; 0; ; -/organic; 125 g/250 g
cardamom; Baking; spice; 19.95; 3; 0; ; ground/pods; 25 g/40 g
ground cinnamon; Baking; spice; 14.95; 5; 0; ; Ceylon/cassia; 35 g/50 g
pancake mix; Baking; mill; 14.95; 6; 0; ; classic/wholegrain/American; 250 g/400 g
rolled oats; Breakfast; mill; 13.95; 19; 10; ; -/organic/coarse/gluten-free; 1 kg/500 g
muesli; Breakfast; mill; 29.95; 9; 14; ; fruit/nut/crunchy/no added sugar; 750 g/500 g
granola; Breakfast; mill; 34.95; 8; 14; t; honey/cocoa/berry/seeds; 400 g/500 g
corn flakes; Breakfast; mill; 24.95; 9; 16; ; -/frosted/organic; 500 g/375 g
chocolate slices; Breakfast; sweets; 17.95; 8; 12; ; milk/dark; 216 g/108 g
jam; Breakfast; jam; 21.95; 14; 18; ; strawberry/raspberry/cherry/apricot/rhubarb; 400 g/300 g/280 g
orange marmalade; Breakfast; jam; 22.95; 4; 0; ; -/coarse; 400 g
honey; Breakfast; jam; 32.95; 7; 35; ; liquid/creamed/organic/heather; 450 g/350 g
hazelnut spread; Breakfast; sweets; 26.95; 8; 20; ; -/organic/no palm oil; 350 g/600 g
peanut butter; Breakfast; jam; 24.95; 6; 22; ; smooth/crunchy/organic; 350 g/500 g
orange juice; Juice; juice; 19.95; 18; 7; ; smooth/with pulp/freshly squeezed/organic; 1 l/1.75 l/500 ml
apple juice; Juice; juice; 17.95; 12; 9; ; clear/cloudy/organic; 1 l/2 l
elderflower cordial; Juice; juice; 26.95; 6; 30; t; -/organic/no added sugar; 500 ml/1 l
blackcurrant cordial; Juice; juice; 24.95; 5; 30; ; -/no added sugar; 500 ml/1 l
ground coffee; Coffee and tea; coffee; 49.95; 26; 13; ; medium roast/dark roast/organic/decaf/French press; 400 g/500 g/250 g
coffee beans; Coffee and tea; coffee; 89.95; 10; 18; ; espresso/dark roast/organic/light roast; 500 g/1 kg/250 g
coffee capsules; Coffee and tea; coffee; 29.95; 8; 14; ; espresso/lungo/ristretto/decaf; 10 pcs/20 pcs
instant coffee; Coffee and tea; coffee; 44.95; 6; 30; ; gold/decaf; 200 g/100 g
coffee filters; Coffee and tea; home; 14.95; 7; 45; ; no. 4/no. 2/unbleached; 100 pcs/200 pcs
tea bags; Coffee and tea; coffee; 22.95; 9; 30; ; Earl Grey/English breakfast/green/rooibos/chamomile; 20 pcs/50 pcs
drinking chocolate; Coffee and tea; sweets; 29.95; 4; 0; ; -/dark; 400 g/250 g
cola; Soft drinks; drinks; 17.95; 26; 6; ; original/zero sugar/cherry; 1.5 l/330 ml/500 ml/6 × 330 ml
orange soda; Soft drinks; drinks; 16.95; 10; 10; ; -/zero sugar; 1.5 l/330 ml/500 ml
lemon soda; Soft drinks; drinks; 16.95; 7; 0; ; -/zero sugar; 1.5 l/500 ml
raspberry soda; Soft drinks; drinks; 16.95; 5; 0; t; -/zero sugar; 1.5 l/500 ml
energy drink; Soft drinks; drinks; 12.95; 10; 5; t; original/sugar-free/tropical/berry; 250 ml/500 ml/4 × 250 ml
sparkling water; Soft drinks; drinks; 8.95; 18; 6; ; natural/lemon/lime/elderflower; 1.5 l/500 ml/6 × 500 ml
tonic water; Soft drinks; drinks; 14.95; 4; 0; ; -/light; 1 l/4 × 200 ml
lager; Beer and wine; beer; 8.95; 22; 6; ; pilsner/classic/organic/low-alcohol; 330 ml/500 ml/6 × 330 ml/24 × 330 ml
IPA; Beer and wine; beer; 17.95; 8; 10; t; hazy/session/double/alcohol-free; 440 ml/330 ml
cider; Beer and wine; beer; 12.95; 6; 0; ; apple/pear/elderflower; 330 ml/4 × 330 ml
red wine; Beer and wine; wine; 59.95; 12; 9; ; Primitivo/Rioja/Cabernet/Pinot Noir/Shiraz; 750 ml/3 l
white wine; Beer and wine; wine; 59.95; 9; 12; ; Riesling/Chardonnay/Sauvignon Blanc/Pinot Grigio; 750 ml/3 l
sparkling wine; Beer and wine; wine; 69.95; 5; 0; ; brut/cava/prosecco/alcohol-free; 750 ml/200 ml
crisps; Snacks; snacks; 19.95; 18; 7; t; salted/sour cream and onion/paprika/dill/cheese; 175 g/250 g/300 g
dip mix; Snacks; snacks; 7.95; 7; 0; ; dill/garlic/holiday/onion; 22 g/2 × 22 g
popcorn; Snacks; snacks; 12.95; 7; 0; ; salted/butter/sweet; 90 g/3 × 90 g
salted peanuts; Snacks; snacks; 16.95; 7; 12; ; -/roasted/chilli; 250 g/400 g
almonds; Snacks; snacks; 29.95; 7; 14; ; natural/smoked/salted; 150 g/200 g/500 g
winegums; Sweets; sweets; 18.95; 13; 9; ; fruit/sour/light; 200 g/325 g/100 g
salt liquorice; Sweets; sweets; 21.95; 12; 9; t; -/extra strong/with chocolate/caramel; 150 g/275 g
pick-and-mix; Sweets; sweets; 24.95; 9; 7; ; classic/sour; 250 g/500 g/1 kg
milk chocolate bar; Sweets; sweets; 22.95; 14; 8; t; plain/hazelnut/caramel/orange; 100 g/200 g
dark chocolate bar; Sweets; sweets; 24.95; 9; 10; t; 70%/85%/mint/sea salt; 100 g/80 g
chewing gum; Sweets; sweets; 12.95; 10; 8; ; peppermint/spearmint/eucalyptus; 20 pcs/50 pcs
biscuits; Sweets; sweets; 14.95; 10; 12; ; digestive/chocolate/oat/vanilla rings; 300 g/400 g
ketchup; Sauces; sauce; 19.95; 12; 40; ; -/no added sugar/organic; 500 g/1 kg/350 g
mustard; Sauces; sauce; 12.95; 7; 0; ; sweet/strong/Dijon/wholegrain; 250 g/400 g
remoulade; Sauces; sauce; 16.95; 9; 35; ; -/light/organic; 375 g/500 g
mayonnaise; Sauces; sauce; 18.95; 10; 35; ; -/light/chilli/organic; 375 g/500 g
fried onions; Sauces; sauce; 10.95; 8; 0; ; crispy/organic; 100 g/200 g
pickled cucumbers; Sauces; sauce; 16.95; 8; 0; ; sliced/sweet/sour; 370 g/670 g
pickled beetroot; Sauces; sauce; 14.95; 7; 0; ; sliced/organic/with horseradish; 570 g/330 g
barbecue sauce; Sauces; sauce; 22.95; 6; 0; ; smoky/honey/hickory; 350 g/500 g
bearnaise sauce; Sauces; sauce; 14.95; 6; 0; ; ready-made/powder; 250 g/35 g
coleslaw; Sauces; sauce; 19.95; 5; 0; ; classic/light; 400 g/250 g
olive oil; Oils and spices; italian; 59.95; 9; 40; ; extra virgin/mild/organic; 500 ml/750 ml/1 l
rapeseed oil; Oils and spices; mill; 22.95; 8; 45; ; -/cold-pressed/organic; 1 l/500 ml
balsamic vinegar; Oils and spices; italian; 24.95; 5; 0; ; classic/white/cream; 250 ml/500 ml
sea salt; Oils and spices; spice; 14.95; 6; 0; ; fine/flakes/coarse; 500 g/250 g
black pepper; Oils and spices; spice; 22.95; 5; 0; ; whole/ground/mill; 45 g/100 g
curry powder; Oils and spices; spice; 16.95; 4; 0; ; mild/Madras; 40 g/60 g
paprika powder; Oils and spices; spice; 15.95; 5; 0; ; sweet/smoked/hot; 40 g/60 g
garam masala; Oils and spices; spice; 18.95; 3; 0; ; -/organic; 35 g
ice cream; Frozen; frozen; 39.95; 14; 12; t; vanilla/chocolate/strawberry/liquorice/salted caramel; 1 l/500 ml/2 l
ice lollies; Frozen; frozen; 29.95; 6; 0; ; fruit/chocolate/rocket; 6 pcs/10 pcs
frozen peas; Frozen; frozen; 14.95; 12; 16; ; -/organic/with carrots; 750 g/450 g
frozen vegetables; Frozen; frozen; 19.95; 10; 14; ; wok mix/soup mix/Italian mix; 600 g/1 kg
frozen berries; Frozen; frozen; 29.95; 9; 14; ; mixed/raspberries/blueberries/strawberries; 450 g/1 kg
oven chips; Frozen; frozen; 19.95; 12; 14; ; straight/crinkle/sweet potato/wedges; 900 g/1.5 kg
fish fingers; Frozen; frozen; 29.95; 8; 14; m; cod/plaice/wholegrain; 375 g/600 g
spinach balls; Frozen; frozen; 13.95; 5; 0; ; -/organic; 450 g
falafel; Plant food; plant; 24.95; 7; 0; ; classic/spinach/beetroot; 300 g/400 g
tofu; Plant food; plant; 19.95; 6; 9; ; natural/smoked/marinated; 200 g/400 g
plant mince; Plant food; plant; 29.95; 5; 9; t; soya/pea/organic; 300 g/400 g
hummus; Plant food; plant; 19.95; 10; 9; ; classic/red pepper/coriander; 200 g/300 g
toilet paper; Household; paper; 34.95; 18; 18; ; 3-ply/extra soft/recycled; 8 pcs/6 pcs/16 pcs
kitchen roll; Household; paper; 24.95; 13; 20; ; 2-ply/half sheet/recycled; 4 pcs/2 pcs
washing-up liquid; Household; home; 14.95; 7; 40; ; original/lemon/sensitive; 500 ml/750 ml
dishwasher tablets; Household; home; 59.95; 8; 30; ; all-in-one/eco; 30 pcs/60 pcs/20 pcs
laundry detergent; Household; home; 44.95; 9; 30; ; colour/white/sensitive/wool; 1 l/2 l
fabric softener; Household; home; 22.95; 4; 35; ; fresh/sensitive; 750 ml/1.5 l
bin bags; Household; home; 17.95; 7; 35; ; 30 l/50 l/bio; 20 pcs/40 pcs
baking paper; Household; home; 16.95; 5; 0; ; roll/sheets; 1 pcs/2 pcs
candles; Household; home; 24.95; 6; 0; ; white/red/tealights; 10 pcs/30 pcs
charcoal; Household; home; 39.95; 4; 0; ; briquettes/lump/coconut; 2.5 kg/5 kg
lighter fluid; Household; home; 24.95; 2; 0; ; -/eco; 1 l
toothpaste; Personal care; care; 19.95; 9; 35; ; mint/whitening/sensitive; 75 ml/100 ml
shampoo; Personal care; care; 34.95; 7; 40; ; normal/dry hair/perfume-free; 250 ml/500 ml
hand soap; Personal care; care; 19.95; 7; 30; ; perfume-free/lemon/lavender; 250 ml/500 ml
shower gel; Personal care; care; 24.95; 6; 35; ; perfume-free/sea minerals; 250 ml/500 ml
deodorant; Personal care; care; 29.95; 6; 40; ; roll-on/spray/perfume-free; 50 ml/150 ml
nappies; Baby; baby; 69.95; 12; 7; b; size 4/size 3/size 5/size 2/newborn; 44 pcs/80 pcs/28 pcs
wet wipes; Baby; baby; 14.95; 10; 8; b; perfume-free/thick/eco; 64 pcs/3 × 64 pcs
baby porridge; Baby; baby; 32.95; 8; 12; b; oat/rice/multigrain/banana; 240 g/480 g
fruit purée; Baby; baby; 11.95; 10; 5; b; apple/pear/mango and banana/prune; 100 g/4 × 100 g
infant formula; Baby; baby; 119.95; 6; 9; b; stage 1/stage 2/stage 3; 800 g/400 g
cat food; Pets; pet; 24.95; 10; 6; p; chicken/salmon/beef/kitten; 4 × 85 g/12 × 85 g/1.5 kg
cat litter; Pets; pet; 39.95; 5; 16; p; clumping/wood; 5 l/10 l
dog food; Pets; pet; 59.95; 8; 12; p; chicken/lamb/puppy/senior; 2 kg/4 kg/800 g
dog treats; Pets; pet; 19.95; 6; 9; p; sticks/bones/training; 100 g/200 g
`

// brandTable gives each group of goods its invented brands, the leading one
// first.
const brandTable = `
dairy: Engdal/Kløverby/Hedegården/Nordvang
plant: Havremark/Grøntofte/Bælgby
farm: Hønsefryd/Bakkely
bakery: Møllebro/Rugager/Lundebrød/Kornvang
meat: Bakkegaard/Ådal/Holm & Søn/Vestmose
fish: Skagerhavn/Fjordby/Blåbugt
mexican: El Norte/Casa Tordal/Pueblo Azul
asian: Tokaido/Lotushavn/Mekong Garden
italian: Nonna Birk/Solmarina/Via Verde
pantry: Grydelund/Marskhus/Spisekær
mill: Valsemarken/Kværnby/Aksgaard
spice: Krydderø/Peber & Birk
jam: Bærlund/Havekrog/Solbærhuset
juice: Saftlund/Æblegaarden/Frugtdal
coffee: Risteri Nord/Kaffebro/Mørkebæk/Havnekaffe
drinks: Kildebæk/Brusholm/Fjeldvæld
beer: Bryghus Øst/Gærby/Humlekær/Nordhavn Bryg
wine: Casa Lindo/Vinhus Vest/Côte Claire/Stella Piana
snacks: Knasby/Chipholm/Sprødager
sweets: Karamelby/Lakridsgaarden/Sukkertoft/Kakaohuset
sauce: Sauceby/Frydenlund Køkken/Senneptoft
frozen: Isbjerget/Frostager/Polarkøkken
paper: Blødby/Hvidtop
home: Skumby/Klarvask/Hjemlig
care: Birkeblad/Saltvang/Mildhed
baby: Lillebo/Putteby/Stjernebarn
pet: Poteglad/Snudeby
none:
`

// missionTable lists the errands that put goods together on purpose:
//
//	name; weight; weekdays from Sunday to Saturday; goods
//
// A good in brackets is bought by half of those on the errand, the others by
// nine of ten. Weekdays are factors on the weight.
const missionTable = `
taco night; 10; 1/0.4/0.5/0.6/1/4/1.6; taco shells/taco seasoning/taco salsa/minced beef/sour cream/(avocados)/(grated cheese)/(tortilla chips)/(sweetcorn)/(iceberg lettuce)
baking; 7; 2/0.6/0.6/0.7/0.8/1.2/2.2; wheat flour/sugar/butter/eggs/baking powder/(vanilla sugar)/(dark chocolate for baking)/(icing sugar)/(cocoa powder)
cinnamon bun baking; 4; 2/0.6/0.6/0.7/0.8/1/2; wheat flour/fresh yeast/butter/ground cinnamon/brown sugar/(cardamom)/(milk)
weekend breakfast; 9; 2.5/0.3/0.3/0.4/0.6/1.6/3; bread rolls/butter/sliced cheese/orange juice/jam/(eggs)/(chocolate slices)/(bacon)
sushi evening; 4; 0.8/0.5/0.6/0.7/1/2/2; sushi rice/nori sheets/rice vinegar/salmon fillet/soy sauce/(wasabi)/(pickled ginger)/(avocados)/(cucumber)
pizza night; 7; 1.2/0.5/0.6/0.7/0.9/2.4/1.8; pizza dough/pizza sauce/mozzarella/pepperoni/(rocket)/(fresh basil)/(mushrooms)
barbecue; 6; 1.4/0.3/0.4/0.5/0.8/2.4/2.6; charcoal/grill sausages/pork neck steaks/barbecue sauce/corn on the cob/(coleslaw)/(burger buns)/(lager)/(lighter fluid)
baby care; 12; 1/1/1/1/1/1/1; nappies/wet wipes/fruit purée/(baby porridge)/(infant formula)
pancakes; 5; 1.6/0.8/0.8/0.9/0.8/1/1.8; pancake mix/eggs/milk/jam/(ice cream)/(icing sugar)
open sandwiches; 8; 1.2/1.4/1/1/1/0.8/1; rye bread/liver pâté/pickled beetroot/remoulade/fried onions/(pickled herring)/(rolled pork)/(mackerel in tomato)
hot dogs; 6; 1.2/0.6/0.7/0.9/0.8/2/2; frankfurters/hot dog buns/ketchup/fried onions/pickled cucumbers/(mustard)/(remoulade)
coffee and cake; 7; 2/0.8/0.7/0.8/0.8/1.4/1.8; ground coffee/cinnamon buns/coffee cream/(coffee filters)/(Danish pastries)/(sugar)
pasta evening; 8; 1/1.5/1.3/1.2/1/0.8/0.8; spaghetti/minced beef/chopped tomatoes/parmesan/garlic/(onions)/(fresh basil)/(red wine)
curry evening; 6; 1/1.2/1.2/1.3/1/0.9/0.9; coconut milk/curry paste/jasmine rice/chicken breast/(fresh coriander)/(limes)/(bell peppers)
movie night; 7; 0.9/0.3/0.4/0.5/0.7/3/3; crisps/dip mix/cola/popcorn/(winegums)/(salt liquorice)
`
