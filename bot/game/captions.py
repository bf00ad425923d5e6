"""What a photo's caption says, in any of the bot's languages: a truth, a wish, or nothing.

A caption counts only as a whole: each of its clauses has to be one of the forms below. A list of
what to leave out would never end; whoever writes anything else has the buttons.
"""
# ruff: noqa: RUF001 - Ukrainian words

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from bot.domain import Label

# A caption that says more than this is a story.
_MOST_CHARACTERS = 200
# Platforms write the bot's name before what is meant for it: "@snow_bot" (Telegram's bots all end
# in "bot") or "<@1234>". Nobody else's name is left out: "@Opa Olaf" would become a truth.
_FOR_THE_BOT = r"(?:@\w*bot\b|<@!?\d+>)"
_AROUND = re.compile(rf"^\s*{_FOR_THE_BOT}[\s,:]*|\s*{_FOR_THE_BOT}\s*$", re.IGNORECASE)
_COMMAND = re.compile(r"\s*/([a-z][a-z0-9_]{0,31})(?:@\w+)?(?:\s+(.*))?", re.DOTALL | re.IGNORECASE)
# Emoji by name may be called after anybody; faces made of letters would be words.
_EMOJI = re.compile(
    r"<a?:\w+:\d+>|:\w{2,}:|(?<!\S)(?:[:;=]'?-?[()dp3*o]+|<3+|x+d+|\^\^)(?!\S)", re.IGNORECASE
)
_CLAUSE_ENDS = re.compile(r"[.,!¡;:…()\[\]\"“”„«»*_|\n]|(?<!\w)[-–—]|[-–—](?!\w)")
_APOSTROPHES = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}`´ʼ′]")
# What one hears before a truth and is no word about the photo.
_FILLER = re.compile(
    r"haha(?:ha)*|hehe|hihi|hurra[yh]?|ta ?da+|surprise|yes|look|hey|überraschung|schaut?(?: mal)?|"
    r"guck(?:t)?(?: mal)?|ja|tadaa*|regarde[zs]?|oui|coucou|sorpresa|mira|miren|sí|surpresa|olha|"
    r"olhem|sim|сюрприз|дивись|дивіться|так|ура|no|nope|nah|wrong|right|nein|nee|nö|falsch|richtig|"
    r"non|faux|incorrecto|não|errado|ні|неправильно|правильно"
)


@dataclass(frozen=True, slots=True)
class _Language:
    """The forms of one language, as regular expressions over words in small letters.

    Attributes:
        it_is: How a sentence begins that says who it is.
        articles: Of either name; also "the real".
        emphasis: Words that make a truth no less of one, before or after the name.
        ours: Possessives and "this". "Our Olaf" may be an uncle, "our snowman Olaf" is not.
        snowman: What kind of thing Olaf is.
        olaf: His name.
        yeti: The other's names.
        abominable: His names that are also an adjective, so nothing may follow them.
        out_of: How the challenges name the material.
        material: A word of the material.
        needs_article: Whether a material may follow only "an Olaf", not "Olaf": in languages with
            articles nobody calls a person "an Olaf".
        neither: How one says that it is neither; <olaf> and <yeti> stand for the names.
        guess: How everyone is asked to guess.
        made: How one says that one made it; <it> stands for the thing.
        made_adjective: What stands between an article and the thing: "homemade".
        after: What may follow: "myself", "today".
    """

    it_is: str
    articles: str
    emphasis: str
    ours: str
    snowman: str
    olaf: str
    yeti: str
    abominable: str
    out_of: str
    material: str
    needs_article: bool
    neither: str
    guess: str
    made: str
    made_adjective: str
    after: str


_ENGLISH = _Language(
    it_is=r"it s|its|it is|this is|this one is|this one s|that s|thats|that is|here s|here is|"
    r"it was|this was|that was",
    articles=r"an?|the|a real|the real|the one and only",
    emphasis=r"of course|really|definitely|clearly|obviously|totally|certainly|just|for real|"
    r"for sure|again|indeed",
    ours=r"my|our|this",
    snowman=r"snow ?man",
    olaf=r"olaf(?: the snow ?man)?",
    yeti=r"yet[iy]s?|abominable snow ?m[ae]n",
    abominable=r"abominable",
    out_of=r"(?:made |built )?(?:out )?of|made from|made with",
    material=r"(?!(?:his|her|their|your|my|our|the)\b)[^\W\d]+(?:-[^\W\d]+)*",
    needs_article=True,
    neither=r"neither(?: of (?:them|the two|these|both|those))?|"
    r"none(?: of (?:them|the two|these))?|not (?:either|any) of them|neither one|"
    r"neither <olaf> nor <yeti>|neither <yeti> nor <olaf>",
    guess=r"(?:please |now |everybody |everyone |ok |so |can you |let s |lets |just |"
    r"take a |make a |have a |time to |you )*guess(?: (?:please|now|again|everybody|everyone|all))?"
    r"(?: (?:who|who it is|who this is|who that is|what it is|what this is|what that is|"
    r"which one|which one it is|who s this|what s this))?",
    made=r"(?:look )?(?:i|we)(?: (?:ve|have|just))* (?:made|built|drew|drawn|painted|knitted|"
    r"crocheted|baked|crafted|sewed|moulded|molded|sculpted) (?:this|it|that|him|this one|<it>)|"
    r"(?:<it> )?(?:(?:all|completely|totally) )?(?:home[ -]?made|hand[ -]?made|self[ -]?made|"
    r"made it (?:my|our)sel(?:f|ves)|(?:made|built|drawn|painted|knitted|baked) by (?:me|us|hand))|"
    r"(?:my|our) own (?:work|creation)",
    made_adjective=r"home[ -]?made|hand[ -]?made|self[ -]?made",
    after=r"(?:all )?(?:by )?(?:myself|ourselves)|on (?:my|our) own|by hand|today|yesterday|"
    r"just now|together|at home|at school|this morning",
)
_GERMAN_MADE = (
    r"(?:gemacht|gebastelt|gebaut|gemalt|gezeichnet|gestrickt|gehäkelt|gebacken|geknetet|genäht|"
    r"geformt|gefilzt)"
)
_GERMAN = _Language(
    it_is=r"das ist|das is|dies ist|es ist|hier ist|das s|das war|es war",
    articles=r"de[rn]|ein(?:en)?|der echte|ein echter|der einzig wahre",
    emphasis=r"wirklich|natürlich|doch|echt|ganz klar|eindeutig|klar|sicher|bestimmt|wieder|nur",
    ours=r"mein(?:en)?|unser(?:en)?|diese[rn]",
    snowman=r"schneemann",
    olaf=r"olaf(?: der schneemann)?",
    yeti=r"yetis?|schneemensch(?:en)?",
    abominable=r"abominable",
    out_of=r"aus",
    material=r"(?!(?:dem|der|den|meine[mrn]?|unsere[mrn]?)\b)[^\W\d]+(?:-[^\W\d]+)*",
    needs_article=True,
    neither=r"kein(?:er|s|e)(?: von (?:beiden|den beiden|denen))?|weder noch|"
    r"weder <olaf> noch <yeti>|weder <yeti> noch <olaf>|weder der eine noch der andere",
    guess=r"(?:wer ist das |was ist das |bitte |jetzt |nun |alle |mal |zum |los |lasst uns )*"
    r"(?:raten|ratet|rate? mal|ratet mal|ratet alle|rätselt|rätselt mal)"
    r"(?: (?:bitte|alle|jetzt))?(?: (?:wer|wer das ist|wer es ist|was das ist|was es ist|"
    r"wer das wohl ist|was das wohl ist))?",
    made=rf"(?:(?:das|den|ihn|es|<it>) )?hab(?:e|en)? (?:ich|wir)(?: (?:das|den|ihn|es|<it>))?"
    rf"(?: (?:ganz|allein|alleine|selbst|selber|heute|zusammen))* {_GERMAN_MADE}|"
    rf"(?:ich|wir) hab(?:e|en)? (?:das|den|ihn|es|<it>)"
    rf"(?: (?:ganz|allein|alleine|selbst|selber|heute|zusammen))* {_GERMAN_MADE}|"
    rf"(?:<it> )?(?:ganz )?(?:allein|alleine|selbst|selber)[ -]?{_GERMAN_MADE}|"
    rf"(?:<it> )?von (?:mir|uns)(?: (?:selbst|selber))? {_GERMAN_MADE}|"
    r"handgemacht|(?:marke )?eigenbau|(?:mein|unser) (?:eigenes )?werk",
    made_adjective=rf"selbst ?{_GERMAN_MADE}e[rn]?|handgemachte[rn]?",
    after=r"heute|gestern|gerade|eben|zusammen|daheim|zu hause|ganz allein",
)
_FRENCH_MADE = (
    r"(?:fait|fabriqué|construit|dessiné|peint|tricoté|bricolé|modelé|cousu|façonné|créé|réalisé)"
)
_FRENCH = _Language(
    it_is=r"c est|ce est|voilà|voila|voici|ça c est|ici c est|il s agit d[eu]?|c était",
    articles=r"l|le|un|le vrai|un vrai|le seul et unique",
    emphasis=r"vraiment|bien sûr|bien|évidemment|clairement|encore|juste|pour de vrai|bien entendu",
    ours=r"mon|notre|ce",
    snowman=r"bonhomme de neige",
    olaf=r"olaf(?: le bonhomme de neige)?",
    yeti=r"y[eé]tis?|abominable homme des neiges|homme des neiges",
    abominable=r"abominable",
    out_of=r"en|fait en|fait de|fait avec",
    material=r"(?!(?:vacances|fait|route|train|colère|retard|avance|face|famille|ville|ligne)\b)"
    r"[^\W\d]+(?:-[^\W\d]+)*",
    needs_article=True,
    neither=r"aucun(?: des deux| d eux)?|ni l un ni l autre|ni <olaf> ni <yeti>|"
    r"ni <yeti> ni <olaf>|(?:ce )?n est (?:aucun des deux|ni l un ni l autre)",
    guess=r"(?:qui est[ -]ce |qu est[ -]ce |qu est ce que c est |c est qui |c est quoi |"
    r"allez |alors |à vous de |à toi de |maintenant |on |essayez de |essaie de )*"
    r"(?:devine[zrs]?|devinons|devinette)"
    r"(?: (?:tous|maintenant|un peu))?(?: (?:qui|qui c est|ce que c est|qui est ce|"
    r"c est qui|c est quoi|qui est là))?",
    made=rf"(?:je l ai|on l a|nous l avons)(?: (?:tout|toute))? {_FRENCH_MADE}|"
    rf"(?:j ai|on a|nous avons) {_FRENCH_MADE} (?:ça|cela|<it>)|"
    rf"c est (?:moi|nous) qui l (?:ai|avons) {_FRENCH_MADE}|"
    rf"(?:<it> )?{_FRENCH_MADE} (?:maison|main|à la main|à la maison|par moi|par nous|"
    r"par moi-même|par mes soins)|(?:<it> )?fait-(?:maison|main)|"
    r"de (?:ma|notre) fabrication|(?:mon|notre) œuvre",
    made_adjective=r"(?!)",
    after=r"moi[ -]même|nous[ -]mêmes?|tout seule?s?|toute seule|aujourd hui|hier|ce matin|"
    r"ensemble|à la main|à la maison|à l école",
)
_SPANISH = _Language(
    it_is=r"es|este es|éste es|esto es|ese es|aquí está|aqui esta|aquí tienen a|he aquí|"
    r"era|fue",
    articles=r"el|un|el verdadero|un verdadero|el auténtico",
    emphasis=r"claro|claramente|de verdad|realmente|por supuesto|otra vez|sin duda|obviamente|"
    r"de nuevo",
    ours=r"mi|nuestro|este",
    snowman=r"muñeco de nieve",
    olaf=r"olaf(?: el muñeco de nieve)?",
    yeti=r"y[eé]tis?|(?:abominable )?hombre de las nieves",
    abominable=r"abominable",
    out_of=r"hecho (?:de|con)|de",
    material=r"(?!(?:el|la|los|las|mi|su|tu|nuestro|vacaciones|viaje|hecho|verdad)\b)"
    r"[^\W\d]+(?:-[^\W\d]+)*",
    needs_article=True,
    neither=r"ninguno(?: de (?:los|ellos)(?: dos)?)?|ni uno ni otro|ni el uno ni el otro|"
    r"(?:no es )?ni <olaf> ni <yeti>|(?:no es )?ni <yeti> ni <olaf>|no es ninguno(?: de los dos)?",
    guess=r"(?:qué es |quién es |a |vamos a |a ver |todos a |ahora |intenten |intenta )*"
    r"(?:adivin[aá]|adivinen|adivinad|adivinar|adivinanza|adivinemos)(?: (?:todos|ya|ahora))?"
    r"(?: (?:quién|quien|quién es|quien es|qué es|que es|cuál es))?",
    made=r"(?:yo )?(?:lo|la) (?:hice|hicimos|dibujé|dibujamos|pinté|pintamos|construí|construimos|"
    r"armé|armamos|tejí|modelé)(?: (?:yo|nosotros))?|"
    r"(?:yo )?(?:hice|hicimos|dibujé|pinté|construí|armé|armamos|tejí) (?:esto|<it>)|"
    r"(?:<it> )?(?:hecho|dibujado|pintado|construido|tejido) (?:por (?:mí|nosotros|mí mism[oa])|"
    r"a mano|en casa)|(?:<it> )?casero|(?:es )?(?:mi|nuestra) (?:propia )?(?:obra|creación)",
    made_adjective=r"(?!)",
    after=r"yo|yo mism[oa]|nosotros|nosotros mismos|sol[oa]|solit[oa]|hoy|ayer|juntos|en casa|"
    r"en la escuela|con mis manos",
)
_PORTUGUESE = _Language(
    it_is=r"é|eh|este é|esse é|isto é|isso é|aqui está|aqui é|olha aí|eis|era|foi",
    articles=r"o|um|o verdadeiro|um verdadeiro|o único",
    emphasis=r"claro|claramente|mesmo|de verdade|realmente|com certeza|de novo|sem dúvida|"
    r"obviamente|outra vez",
    ours=r"(?:o )?meu|(?:o )?nosso|este|esse",
    snowman=r"boneco de neve",
    olaf=r"olaf(?: o boneco de neve)?",
    yeti=r"y[eé]tis?|i[eé]tis?|(?:abomin[aá]vel )?homem das neves",
    abominable=r"abomin[aá]vel|abominable",
    out_of=r"feito (?:de|com)|de",
    material=r"(?!(?:o|a|os|as|meu|seu|férias|viagem|feito|verdade|novo|volta)\b)"
    r"[^\W\d]+(?:-[^\W\d]+)*",
    needs_article=True,
    neither=r"nenhum(?: (?:dos dois|deles))?|nem um nem outro|(?:não é )?nem <olaf> nem <yeti>|"
    r"(?:não é )?nem <yeti> nem <olaf>|não é nenhum(?: dos dois| deles)?",
    guess=r"(?:o que é |quem é |vamos |agora |todos |tentem |tente |gente )*"
    r"(?:adivinh(?:a|e|em|ar|emos|ação)|adivinhem todos)(?: (?:todos|aí|agora|só))?"
    r"(?: (?:quem|quem é|o que é|qual é|quem está aí))?",
    made=r"(?:eu )?(?:que )?(?:mesm[oa] )?(?:fiz|fizemos|desenhei|desenhamos|pintei|pintamos|"
    r"construí|montei|montamos|tricotei|modelei) (?:isso|isto|ele|este|<it>)|"
    r"(?:eu|nós) (?:(?:mesm[oa]s?|que) )?(?:o )?(?:fiz|fizemos|desenhei|pintei|construí|montei)|"
    r"(?:fui eu|fomos nós) que(?:m)? (?:fiz|fez|fizemos)|"
    r"(?:<it> )?(?:feito|desenhado|pintado|construído|tricotado) (?:por (?:mim|nós|mim mesm[oa])|"
    r"à mão|a mão|em casa)|(?:<it> )?caseiro|(?:é )?(?:minha|nossa) (?:própria )?(?:obra|criação)",
    made_adjective=r"(?!)",
    after=r"eu mesm[oa]|nós mesmos|sozinh[oa]s?|hoje|ontem|junt[oa]s|em casa|na escola|"
    r"com minhas mãos",
)
_UKRAINIAN_MADE = (
    r"(?:зробил[аи]|зробив|зліпил[аи]|зліпив|намалювал[аи]|намалював|змайструвал[аи]|змайстрував|"
    r"збудувал[аи]|збудував|зв язал[аи]|зв язав|пошил[аи]|пошив|спекл[аи]|спік)"
)
_UKRAINIAN_IT = r"(?:це|його|<it>|(?:(?:цього|нашого|мого) )?(?:сніговика(?: олафа)?|олафа))"
_UKRAINIAN = _Language(
    it_is=r"це|це ж|ось|тут|а це|то|це був|то був",
    articles=r"справжній|той самий",
    emphasis=r"звісно|звичайно|точно|справді|дійсно|ясно|знову|очевидно|авжеж",
    ours=r"мій|наш|цей",
    snowman=r"сніговик",
    olaf=r"олаф(?: сніговик)?",
    yeti=r"[єй]еті|єті|йєті|снігова людина",
    abominable=r"(?!)",
    out_of=r"(?:зроблений |зліплений )?(?:із|зі|з)",
    # "Олаф з тортом" is one with a cake: the instrumental's endings are left out.
    material=r"(?!\w*(?:ом|ем|єм|ами|ями|ою|ею|єю|им|ім)\b)[^\W\d]+(?:[- ][^\W\d]+)?",
    needs_article=False,
    neither=r"ні той,? ні (?:той|інший|другий)|жоден(?: (?:з них|із них|з двох|із двох))?|"
    r"(?:не|ні) <olaf>,? (?:і не|ні|й не) <yeti>|(?:не|ні) <yeti>,? (?:і не|ні|й не) <olaf>|"
    r"ніхто з (?:них|двох)|жодний з них",
    guess=r"(?:хто це |що це |ану |а ну |нумо |спробуй |спробуйте |тепер |усі |всі |давайте |"
    r"ану ж )*(?:вгада(?:й|йте|ти|ймо)|угада(?:й|йте|ти)|відгада(?:й|йте|ти|ймо)|вгадувати|"
    r"вгадуйте|вгадуємо)(?: (?:усі|всі|тепер))?(?: (?:хто|хто це|що це|хто тут|хто там))?",
    made=rf"(?:{_UKRAINIAN_IT} )?(?:я|ми)(?: (?:сама?|самі|власноруч|{_UKRAINIAN_IT}))* "
    rf"{_UKRAINIAN_MADE}(?: {_UKRAINIAN_IT})?|"
    rf"(?:сама?|самі|власноруч) {_UKRAINIAN_MADE}(?: {_UKRAINIAN_IT})?|"
    r"(?:<it> )?(?:зроблено|зроблений|зліплений|намальований|змайстрований|зроблена) "
    r"(?:власноруч|мною|нами|вдома|своїми руками|власними руками)|"
    r"(?:<it> )?(?:своїми|власними) руками|(?:моя|наша) (?:власна )?робота|саморобка",
    made_adjective=r"саморобн(?:ий|ого)|власноруч зроблений|домашній",
    after=r"сама?|самі|сьогодні|вчора|разом|удома|вдома|власноруч|власними руками|своїми руками",
)


@dataclass(frozen=True, slots=True)
class _Forms:
    """What is matched against a whole clause, in one language.

    Attributes:
        truths: "It's Olaf".
        works: The challenge's own form, "an Olaf out of fruit".
        neither: "None of the two".
        emphasis: "Of course".
        guess: "Guess who it is".
        made: "I made this".
    """

    truths: dict[Label, re.Pattern[str]]
    works: dict[Label, re.Pattern[str]]
    neither: re.Pattern[str]
    emphasis: re.Pattern[str]
    guess: re.Pattern[str]
    made: re.Pattern[str]


def _forms(of: _Language) -> _Forms:
    article, the_or_our = rf"(?:(?:{of.articles}) )?", rf"(?:(?:{of.articles}|{of.ours}) )?"
    begin = rf"(?:(?:{of.it_is}) )?(?:(?:{of.emphasis}) )*"
    end = rf"(?: (?:{of.emphasis}))*"
    material = rf" (?:{of.out_of}) {of.material}(?: {of.material}){{0,4}}"
    after = rf"(?: (?:{of.after}))*"
    an = article.removesuffix("?") if of.needs_article else article
    olaf = rf"(?:{article}(?:{of.olaf})|{the_or_our}(?:{of.snowman}) (?:{of.olaf}))"
    yeti = rf"{article}(?:{of.yeti})"
    work = (
        rf"(?:(?:{of.it_is}) )?{the_or_our}(?:(?:{of.snowman})(?: {of.olaf})?|{of.olaf}|{of.yeti})"
    )
    neither = of.neither.replace("<olaf>", olaf)
    neither = neither.replace("<yeti>", rf"(?:{yeti}|{article}(?:{of.abominable}))")
    return _Forms(
        truths={
            Label.OLAF: re.compile(rf"{begin}{olaf}{end}"),
            Label.ABOMINABLE: re.compile(rf"{begin}(?:{yeti}|{article}(?:{of.abominable})){end}"),
        },
        works={
            Label.OLAF: re.compile(rf"{begin}{an}(?:{of.olaf}){material}{after}"),
            Label.ABOMINABLE: re.compile(rf"{begin}{an}(?:{of.yeti}){material}{after}"),
        },
        neither=re.compile(rf"{begin}(?:{neither}){end}"),
        emphasis=re.compile(of.emphasis),
        guess=re.compile(of.guess),
        made=re.compile(
            rf"(?:{of.made.replace('<it>', f'(?:{work})')})(?:{material})?{after}|"
            rf"(?:(?:{of.it_is}) )?{the_or_our}(?:{of.made_adjective}) "
            rf"(?:{of.snowman}|{of.olaf}|{of.yeti})(?:{material})?{after}"
        ),
    )


@cache
def _all_forms() -> tuple[_Forms, ...]:
    """Return every language's, made for the first caption: no start need wait for them."""
    languages = (_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _PORTUGUESE, _UKRAINIAN)
    return tuple(_forms(language) for language in languages)


def truth_in(caption: str) -> Label | None:
    """Return who is on the photo; None if its caption is anything but a truth.

    "An Olaf out of fruit" is one, too: it is what the day's challenge is called, and nobody calls
    a person so. "The yeti is in the fridge" and "our Olaf" are none: they may be about anything.
    """
    clauses = _clauses(caption)
    whole = " ".join(clauses)
    if any(forms.neither.fullmatch(whole) for forms in _all_forms()):
        return Label.NEITHER
    labels = set()
    for clause in clauses:
        if (label := _label(clause)) is not None:
            labels.add(label)
        elif not (_is_made(clause) or _is_filler(clause)):
            return None
    return labels.pop() if len(labels) == 1 else None


def made_in(caption: str) -> bool:
    """Return whether a caption says that whoever sent the photo made what is on it.

    Any clause may say so, "our snowman Olaf, homemade"; and what is out of fruit was made.
    """
    clauses = _clauses(caption)
    return not any("?" in clause for clause in clauses) and any(map(_is_made, clauses))


def wants_guesses(caption: str) -> bool:
    """Return whether a caption asks everyone to guess before the bot looks, and nothing else."""
    clauses = [clause for clause in _clauses(caption) if not _is_filler(clause)]
    whole = " ".join(" ".join(clauses).replace("?", " ").replace("¿", " ").split())
    return any(forms.guess.fullmatch(whole) for forms in _all_forms())


def _label(clause: str) -> Label | None:
    for forms in _all_forms():
        if forms.neither.fullmatch(clause):
            return Label.NEITHER
        for label, pattern in (*forms.truths.items(), *forms.works.items()):
            if pattern.fullmatch(clause):
                return label
    return None


def _is_made(clause: str) -> bool:
    return any(
        pattern.fullmatch(clause)
        for forms in _all_forms()
        for pattern in (forms.made, *forms.works.values())
    )


def _is_filler(clause: str) -> bool:
    return bool(
        _FILLER.fullmatch(clause) or any(forms.emphasis.fullmatch(clause) for forms in _all_forms())
    )


def _clauses(caption: str) -> list[str]:
    """Return a caption's clauses: words in small letters, apostrophes and emoji left out."""
    if len(caption) > _MOST_CHARACTERS:
        return []
    command = _COMMAND.fullmatch(caption)
    text = _AROUND.sub(" ", (command[2] or "") if command else caption)
    text = _EMOJI.sub(" ", unicodedata.normalize("NFC", text))
    text = _APOSTROPHES.sub(" ", text.casefold())
    clauses = (
        "".join(" " if _is_emoji(char) else char for char in clause)
        for clause in _CLAUSE_ENDS.split(text)
    )
    return [words for clause in clauses if (words := " ".join(clause.split()))]


def _is_emoji(char: str) -> bool:
    """Return whether it is a picture, or something invisible that belongs to one."""
    return unicodedata.category(char) in {"So", "Sk", "Cf", "Mn", "Me"}
