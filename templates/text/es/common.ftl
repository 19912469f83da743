# The frame of every page. A language calls itself by its own name, and says which way it is written: ltr or rtl.
common-language = Español
common-direction = ltr
# The order of the numbers in a date: mdy or dmy.
common-date-order = dmy
common-languages = Idioma
common-skip = Ir a la parte principal
common-nav = Páginas
common-sign-out = Cerrar sesión
common-phone = Teléfono
common-privacy = Privacidad
common-encryption = Cifrado
common-help = Ayuda
common-about = Acerca de
# Each language says this in its own words, on pages of every language (45 CFR 92.11).
common-language-help = Ayuda gratis con el idioma, y si le cuesta ver o escuchar: llame al

# Days and times. A time always names its zone.
common-weekday-1 = lunes
common-weekday-2 = martes
common-weekday-3 = miércoles
common-weekday-4 = jueves
common-weekday-5 = viernes
common-weekday-6 = sábado
common-weekday-7 = domingo
common-month-1 = enero
common-month-2 = febrero
common-month-3 = marzo
common-month-4 = abril
common-month-5 = mayo
common-month-6 = junio
common-month-7 = julio
common-month-8 = agosto
common-month-9 = septiembre
common-month-10 = octubre
common-month-11 = noviembre
common-month-12 = diciembre
common-date = { $weekday } { $day } de { $month } de { $year }
common-time = { $hour12 }:{ $minute } { $half ->
    [am] a. m.
   *[pm] p. m.
}
common-clock = { $time }, hora de { $city } ({ $offset })
common-when = { $date }, { $clock }
# Cities that Spanish calls otherwise. `$zone` is the city with `_` for a space.
common-city = { $zone ->
    [New_York] Nueva York
    [Los_Angeles] Los Ángeles
    [Mexico_City] Ciudad de México
    [Havana] La Habana
    [Panama] Panamá
    [Bogota] Bogotá
    [Merida] Mérida
    [Cancun] Cancún
    [Asuncion] Asunción
    [London] Londres
    [Berlin] Berlín
    [Paris] París
   *[other] { $city }
}
